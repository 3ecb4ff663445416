import { RadixIndex } from '@kvasir/radix-index';
import type { PrefixQuery } from '@kvasir/radix-index';
import { assertNever } from '@kvasir/units';
import type { Prng, RequestId } from '@kvasir/units';
import { Bookings } from './bookings/bookings.js';
import { ActiveLoad } from './load/active-load.js';
import { allLoads, ownLoads } from './load/load-report.js';
import { PeerLoads } from './load/peer-loads.js';
import type {
  OverlapScore,
  PotentialLoad,
  RouteInput,
  SchedulerEffect,
  SchedulerInput,
  TargetInput,
  TargetLoad,
} from './messages.js';
import { checkSchedulerOptions } from './options.js';
import type { SchedulerOptions } from './options.js';
import { Admission, mayMakeRoom } from './queue/admission.js';
import { rejected } from './rejected.js';
import { Candidates } from './routing/candidates.js';
import { Chooser } from './routing/chooser.js';
import { applyKvInput } from './targets/kv-inputs.js';
import type { KvInput } from './targets/kv-inputs.js';
import { TargetTable } from './targets/target-table.js';
import type { TargetSpec } from './targets/target-table.js';

const NOTHING: readonly SchedulerEffect[] = [];

/**
 * Decides where requests go and knows what that puts on whom. One machine: `step(input)` changes the state and returns what the shell has to do.
 * Selecting and booking is one step, so no two requests see the same free slot. The same inputs in the same order give the same effects.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  /** Read only for others. */
  readonly targets = new TargetTable();
  /** What is known of the cache; read only for others. */
  readonly index: RadixIndex;
  readonly #load: ActiveLoad;
  readonly #bookings: Bookings;
  readonly #peers: PeerLoads;
  readonly #candidates: Candidates;
  readonly #chooser: Chooser;
  readonly #admission: Admission;
  /** As the newest input says. */
  #nowMs = 0;

  /** @throws RangeError naming the option that is out of its range. */
  constructor(options: SchedulerOptions, prng: Prng) {
    checkSchedulerOptions(options);
    this.#options = options;
    const { targets } = this;
    this.index = new RadixIndex({ blockCountMax: options.indexBlocksMax });
    this.#load = new ActiveLoad(options.indexBlocksMax);
    this.#bookings = new Bookings(this.#load, options);
    this.#peers = new PeerLoads(this.#load, targets);
    const { blockSize, trackActiveBlocks, queue, bookingsMax } = options;
    const load = this.#load;
    const candidates = new Candidates({ targets, index: this.index, load, blockSize, trackActiveBlocks });
    this.#candidates = candidates;
    this.#chooser = new Chooser(options, { prng, targets, candidates });
    const place = (input: RouteInput): SchedulerEffect => this.#route(input);
    this.#admission = new Admission({ queue, bookingsMax, bookings: this.#bookings, candidates, place });
  }

  get bookingCount(): number {
    return this.#bookings.size;
  }

  /** Requests that wait for a target. */
  get waitingCount(): number {
    return this.#admission.waitingCount;
  }

  /** Tokens per block. */
  get blockSize(): number {
    return this.#options.blockSize;
  }

  /** What is booked on each target now; by target number. */
  loads(): readonly TargetLoad[] {
    return allLoads(this.targets, this.#load);
  }

  /** What this router has booked itself, on the targets where it has; by target number. */
  ownLoads(): readonly TargetLoad[] {
    return ownLoads(this.targets, this.#load);
  }

  step(input: SchedulerInput): readonly SchedulerEffect[] {
    if (input.kind === 'route' || input.kind === 'tick') this.#nowMs = Math.max(this.#nowMs, input.nowMs);
    const effects = this.#apply(input);
    if (this.waitingCount === 0 || !mayMakeRoom(input)) return effects;
    const placed = this.#admission.placeWaiting(this.#nowMs);
    return placed.length === 0 ? effects : [...effects, ...placed];
  }

  #apply(input: SchedulerInput): readonly SchedulerEffect[] {
    switch (input.kind) {
      case 'targetAdded':
      case 'targetUpdated':
        this.#putTarget(input);
        return NOTHING;
      case 'targetRemoved':
        return this.#removeTarget(input.workerId, input.rank);
      case 'kvStored':
      case 'kvRestored':
      case 'kvRemoved':
      case 'kvCleared':
        return this.#applyKv(input);
      case 'route':
        return this.#admission.admit(input, this.#nowMs);
      case 'prefillCompleted':
        return [this.#bookings.completePrefill(input.requestId)];
      case 'outputTokens':
        return this.#bookings.addOutputTokens(input.requestId, input.tokenCount);
      case 'freed':
        return this.#free(input.requestId);
      case 'peerLoads':
        this.#peers.set(input.peer, input.loads, input.isWhole);
        return NOTHING;
      case 'peerGone':
        this.#peers.remove(input.peer);
        return NOTHING;
      case 'tick':
        return this.#bookings.expire(input.nowMs);
      default:
        return assertNever(input);
    }
  }

  /** What each target's load would be if it took this prompt; by target number. */
  potentialLoads(prompt: PrefixQuery & { readonly tokenCount: number }): readonly PotentialLoad[] {
    return this.#candidates.potentialLoads(prompt);
  }

  /** How many leading blocks of the prompt each target holds; by target number. */
  overlapScores(prompt: PrefixQuery): readonly OverlapScore[] {
    return this.#candidates.overlapScores(prompt);
  }

  /** Draws targets and their load, one line each, for tests and people. */
  render(): string {
    return [...this.targets.all()]
      .map(({ workerId, rank, number, isEligible }) => {
        const load = this.#load;
        return `${workerId}/${rank} ${isEligible ? 'eligible' : 'set aside'} holds ${this.index.memberCount(number)} blocks, requests ${load.requests[number] ?? 0}, prefill tokens ${load.prefillTokens[number] ?? 0}, active blocks ${load.blocks[number] ?? 0}`;
      })
      .join('\n');
  }

  #putTarget({ target, isEligible, servesAtNeed }: TargetInput): void {
    this.targets.put(target, isEligible, servesAtNeed);
    this.#candidates.ensureColumns();
    this.#peers.targetAdded(target.workerId, target.rank);
  }

  #removeTarget(workerId: TargetSpec['workerId'], rank: number): readonly SchedulerEffect[] {
    const number = this.targets.numberOf(workerId, rank);
    if (number === null) return [{ kind: 'unknownTarget', workerId, rank }];
    this.#bookings.releaseTarget(number);
    this.#peers.targetRemoved(number);
    this.index.removeTarget(number);
    this.targets.remove(number);
    return NOTHING;
  }

  #applyKv(input: KvInput): readonly SchedulerEffect[] {
    const { workerId, rank } = input;
    const number = this.targets.numberOf(workerId, rank);
    if (number === null) return [{ kind: 'unknownTarget', workerId, rank }];
    return applyKvInput(this.index, number, input);
  }

  #free(requestId: RequestId): readonly SchedulerEffect[] {
    return this.#admission.giveUp(requestId) ?? [this.#bookings.release(requestId)];
  }

  #route(input: RouteInput): SchedulerEffect {
    const { requestId, caller, nowMs } = input;
    const full = requestId === null ? null : this.#refuseWhenFull(requestId, caller);
    if (full !== null) return full;
    const refusal = this.#candidates.mark(input);
    if (refusal !== null) return refusal;
    const choice = this.#chooser.choose(input);
    if (choice === null)
      return rejected('SCHED_NO_ELIGIBLE_TARGETS', 'Cannot route: no target has a finite cost');
    if (requestId !== null)
      this.#bookings.add({ requestId, caller, nowMs }, this.#chooser.take(input, choice));
    return { kind: 'routed', decision: choice.decision };
  }

  #refuseWhenFull(requestId: RequestId, caller: string | undefined): SchedulerEffect | null {
    const { bookingsMax, bookingsPerCallerMax } = this.#options;
    const all = this.#bookings.size;
    if (all >= bookingsMax)
      return rejected('SCHED_BOOKINGS_FULL', `Cannot book request ${requestId}: ${all} are booked`);
    const own = caller === undefined ? 0 : this.#bookings.countOf(caller);
    if (own < bookingsPerCallerMax) return null;
    return rejected(
      'SCHED_CALLER_FULL',
      `Cannot book request ${requestId}: ${own} of ${caller ?? 'its caller'} are booked`,
    );
  }
}
