import type { RouterId, WorkerId } from '@kvasir/units';
import type { ActiveLoad, Amounts } from './active-load.js';
import type { TargetLoad } from '../messages.js';
import type { TargetTable } from '../targets/target-table.js';

/** Targets of one peer that are remembered; what it says of others beyond it counts for nothing. */
export const PEER_TARGETS_MAX = 16_384;

const NONE: Amounts = { prefillTokens: 0, blocks: 0, requests: 0 };

/**
 * What other routers of the pool have booked, per router and target. Each entry is what is booked there in all, not a change, so that one that comes
 * twice or after a lost one does no harm. A target that is not known yet is remembered until it is.
 */
export class PeerLoads {
  readonly #load: ActiveLoad;
  readonly #targets: TargetTable;
  readonly #byPeer = new Map<RouterId, Map<string, TargetLoad>>();

  constructor(load: ActiveLoad, targets: TargetTable) {
    this.#load = load;
    this.#targets = targets;
  }

  get peers(): readonly RouterId[] {
    return [...this.#byPeer.keys()];
  }

  /** @param isWhole targets that are not named have nothing booked by this peer. */
  set(peer: RouterId, loads: readonly TargetLoad[], isWhole: boolean): void {
    const known = this.#byPeer.get(peer) ?? new Map<string, TargetLoad>();
    const touched = new Map<string, TargetLoad>();
    if (isWhole) for (const [key, load] of known) touched.set(key, load);
    if (isWhole) known.clear();
    for (const load of loads) {
      const key = keyOf(load.workerId, load.rank);
      if (!isAmount(load)) continue;
      touched.set(key, load);
      if (load.requests === 0 && load.blocks === 0 && load.prefillTokens === 0) known.delete(key);
      else if (known.size < PEER_TARGETS_MAX || known.has(key)) known.set(key, load);
    }
    if (known.size === 0) this.#byPeer.delete(peer);
    else this.#byPeer.set(peer, known);
    for (const { workerId, rank } of touched.values()) this.#apply(workerId, rank);
  }

  /** Nothing of a peer counts any more. */
  remove(peer: RouterId): void {
    this.set(peer, [], true);
  }

  /** A target has come: what is known of it begins to count. */
  targetAdded(workerId: WorkerId, rank: number): void {
    this.#apply(workerId, rank);
  }

  /** A target goes: its number may be another's soon. */
  targetRemoved(number: number): void {
    this.#load.setPeers(number, NONE);
  }

  #apply(workerId: WorkerId, rank: number): void {
    const number = this.#targets.numberOf(workerId, rank);
    if (number === null) return;
    const key = keyOf(workerId, rank);
    let { prefillTokens, blocks, requests } = NONE;
    for (const loads of this.#byPeer.values()) {
      const load = loads.get(key);
      prefillTokens += load?.prefillTokens ?? 0;
      blocks += load?.blocks ?? 0;
      requests += load?.requests ?? 0;
    }
    this.#load.setPeers(number, { prefillTokens, blocks, requests });
  }
}

/** Whether a load can be one. What is none says nothing of its target. */
function isAmount({ prefillTokens, blocks, requests }: TargetLoad): boolean {
  return [prefillTokens, blocks, requests].every((amount) => amount >= 0 && amount <= AMOUNT_MAX);
}

/** Beyond it sums would not be exact any more. */
const AMOUNT_MAX = 2 ** 40;

function keyOf(workerId: WorkerId, rank: number): string {
  return `${rank}/${workerId}`;
}
