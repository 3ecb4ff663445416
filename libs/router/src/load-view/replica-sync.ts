import { decodePeerLoads, encodePeerLoads, subjects } from '@kvasir/contract';
import type { EndpointName, PeerLoad, PeerLoadMessage } from '@kvasir/contract';
import type { EventPlane, Subscription } from '@kvasir/event-plane';
import type { CancelTimer, Clock } from '@kvasir/service';
import type { RouterId } from '@kvasir/units';

/** Changes are gathered for so long before they are told. */
export const SYNC_DELAY_MS = 2;
/** How often everything is told anyway, so that what was lost is put right. */
export const SYNC_WHOLE_MS = 1_000;
/** A peer that has said nothing for so long is gone. */
export const PEER_TTL_MS = 3_500;
/** How long a router that has just come waits for the others to answer before it is ready. */
export const SYNC_JOIN_MS = 300;

/** Beyond this a leap in a peer's numbers is another life of it. */
const MISSED_MAX = 10_000;

export interface ReplicaSyncOptions {
  readonly endpoint: EndpointName;
  readonly routerId: RouterId;
  readonly plane: EventPlane;
  readonly clock: Clock;
  /**
   * Number of its first message: above all that an earlier life under the same id has used, e.g. ms since 1970 (fewer than 1,000 messages are sent
   * per second).
   */
  readonly firstNumber: number;
  /** What this router has booked itself. */
  readonly ownLoads: () => readonly PeerLoad[];
  /** What a peer has booked in all on the targets named, or on any when it is whole. */
  readonly peerLoads: (peer: RouterId, loads: readonly PeerLoad[], isWhole: boolean) => void;
  readonly peerGone: (peer: RouterId) => void;
}

export interface ReplicaSyncCounts {
  readonly sent: number;
  readonly received: number;
  /** Messages of peers that never came. */
  readonly missed: number;
  readonly malformed: number;
}

interface Peer {
  number: number;
  heardAtMs: number;
}

/**
 * Tells the other routers of a pool what this one has booked, and learns theirs. Every entry says what is booked on a target in all, so lost, repeated
 * and late messages do no lasting harm: the whole is told every `SYNC_WHOLE_MS`, and to whoever has just come. When traffic stops, what each router
 * believes of the others is the truth within that time.
 */
export class ReplicaSync {
  readonly #options: ReplicaSyncOptions;
  readonly #peers = new Map<RouterId, Peer>();
  readonly #counts = { sent: 0, received: 0, missed: 0, malformed: 0 };
  /** What was told last, by target. */
  #told = new Map<string, PeerLoad>();
  #number: number;
  #subscription: Subscription | null = null;
  #cancelWhole: CancelTimer | null = null;
  #cancelFlush: CancelTimer | null = null;
  #joinedAtMs = Infinity;

  constructor(options: ReplicaSyncOptions) {
    this.#options = options;
    this.#number = options.firstNumber;
  }

  /** Peers that are alive. */
  get peerCount(): number {
    return this.#peers.size;
  }

  /** False while the others may not have answered yet. */
  get hasJoined(): boolean {
    return this.#options.clock.nowMs() >= this.#joinedAtMs;
  }

  counts(): ReplicaSyncCounts {
    return this.#counts;
  }

  async start(): Promise<void> {
    const { plane, endpoint, clock } = this.#options;
    this.#subscription = plane.subscribe(subjects.loadsOfAll(endpoint), ({ payload }) =>
      this.#receive(payload),
    );
    await plane.flush();
    this.#send('hello', []);
    this.#joinedAtMs = clock.nowMs() + SYNC_JOIN_MS;
    this.#cancelWhole = clock.every(SYNC_WHOLE_MS, () => {
      this.#dropSilentPeers();
      this.#tellWhole();
    });
  }

  /** Something was booked, marked, freed or generated. */
  changed(): void {
    if (this.#subscription === null) return;
    this.#cancelFlush ??= this.#options.clock.after(SYNC_DELAY_MS, () => this.#tellChanges());
  }

  async close(): Promise<void> {
    if (this.#subscription === null) return;
    this.#cancelWhole?.();
    this.#cancelFlush?.();
    this.#subscription.unsubscribe();
    this.#subscription = null;
    this.#send('bye', []);
    await this.#options.plane.flush();
  }

  #tellWhole(): void {
    const loads = this.#options.ownLoads();
    this.#told = new Map(loads.map((load) => [keyOf(load), load]));
    this.#send('whole', loads);
  }

  #tellChanges(): void {
    this.#cancelFlush = null;
    const now = new Map(this.#options.ownLoads().map((load) => [keyOf(load), load]));
    const changes: PeerLoad[] = [];
    for (const [key, load] of now) if (!isSame(this.#told.get(key), load)) changes.push(load);
    for (const [key, load] of this.#told)
      if (!now.has(key)) changes.push({ ...load, prefillTokens: 0, blocks: 0, requests: 0 });
    this.#told = now;
    if (changes.length > 0) this.#send('changes', changes);
  }

  #send(kind: PeerLoadMessage['kind'], loads: readonly PeerLoad[]): void {
    const { plane, endpoint, routerId } = this.#options;
    this.#number += 1;
    this.#counts.sent += 1;
    plane.publish(
      subjects.loads(endpoint, routerId),
      encodePeerLoads({ kind, routerId, number: this.#number, loads }),
    );
  }

  #receive(payload: Uint8Array): void {
    const message = decodePeerLoads(payload);
    if (message.kind === 'malformed') {
      this.#counts.malformed += 1;
      return;
    }
    const { routerId } = message;
    if (routerId === this.#options.routerId) return;
    this.#counts.received += 1;
    if (!this.#isNewer(message)) return;
    if (message.kind === 'bye') {
      this.#forget(routerId);
      return;
    }
    if (message.kind === 'hello') {
      // Its life before, if there was one, is over.
      this.#options.peerLoads(routerId, [], true);
      this.#tellWhole();
      return;
    }
    this.#options.peerLoads(routerId, message.loads, message.kind === 'whole');
  }

  /** Also notes what it is. */
  #isNewer({ routerId, number }: PeerLoadMessage): boolean {
    const heardAtMs = this.#options.clock.nowMs();
    const peer = this.#peers.get(routerId);
    if (peer === undefined) {
      this.#peers.set(routerId, { number, heardAtMs });
      // Changes of a peer that was not known say nothing of its other targets: they come with its next whole.
      return true;
    }
    if (number <= peer.number) return false;
    // A new life begins far above.
    if (number - peer.number < MISSED_MAX) this.#counts.missed += number - peer.number - 1;
    peer.number = number;
    peer.heardAtMs = heardAtMs;
    return true;
  }

  #dropSilentPeers(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const [routerId, { heardAtMs }] of this.#peers)
      if (nowMs - heardAtMs >= PEER_TTL_MS) this.#forget(routerId);
  }

  #forget(routerId: RouterId): void {
    if (this.#peers.delete(routerId)) this.#options.peerGone(routerId);
  }
}

function keyOf({ workerId, rank }: PeerLoad): string {
  return `${rank}/${workerId}`;
}

function isSame(one: PeerLoad | undefined, other: PeerLoad): boolean {
  return (
    one?.prefillTokens === other.prefillTokens &&
    one.blocks === other.blocks &&
    one.requests === other.requests
  );
}
