import { cutPeerLoads, decodePeerLoads, encodePeerLoads, subjects } from '@kvasir/contract';
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

/** Who comes is answered within this, and all who come meanwhile with one answer: whoever sends hellos makes nobody talk more often. */
export const HELLO_ANSWER_MS = 50;
/** A peer that comes anew sooner than this after the last time is not answered by itself. */
const HELLO_MS_MIN = 1_000;
/** Peers that are listened to. */
export const PEERS_MAX = 256;

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
  /** Blocks that can be booked on a worker's rank at most; null when nobody knows, absent: nobody ever does. */
  readonly blocksMaxOf?: ((load: PeerLoad) => number | null) | undefined;
}

export interface ReplicaSyncCounts {
  readonly sent: number;
  readonly received: number;
  /** Messages of peers that never came. */
  readonly missed: number;
  readonly malformed: number;
  /** Messages of more peers than are listened to, hellos that come too often, and loads that are more than there can be. */
  readonly refused: number;
}

interface Peer {
  number: number;
  heardAtMs: number;
  helloAtMs: number;
}

/**
 * Tells the other routers of a pool what this one has booked, and learns theirs. Every entry says what is booked on a target in all, so lost, repeated
 * and late messages do no lasting harm: the whole is told every `SYNC_WHOLE_MS`, and to whoever has just come. When traffic stops, what each router
 * believes of the others is the truth within that time.
 */
export class ReplicaSync {
  readonly #options: ReplicaSyncOptions;
  readonly #peers = new Map<RouterId, Peer>();
  readonly #counts = { sent: 0, received: 0, missed: 0, malformed: 0, refused: 0 };
  /** What was told last, by target. */
  #told = new Map<string, PeerLoad>();
  #number: number;
  #subscription: Subscription | null = null;
  #cancelWhole: CancelTimer | null = null;
  #cancelFlush: CancelTimer | null = null;
  #cancelAnswer: CancelTimer | null = null;
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
    this.#cancelAnswer?.();
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
    // What does not fit follows as changes.
    for (const [part, some] of cutPeerLoads(loads, routerId, plane.payloadBytesMax).entries()) {
      this.#number += 1;
      this.#counts.sent += 1;
      const message = {
        kind: part === 0 ? kind : 'changes',
        routerId,
        number: this.#number,
        loads: some,
      } as const;
      plane.publish(subjects.loads(endpoint, routerId), encodePeerLoads(message));
    }
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
    const peer = this.#peerOf(message);
    if (peer === null) return;
    if (message.kind === 'bye') {
      this.#forget(routerId);
      return;
    }
    if (message.kind === 'hello') {
      this.#greet(routerId, peer);
      return;
    }
    this.#options.peerLoads(routerId, this.#possible(message.loads), message.kind === 'whole');
  }

  #greet(routerId: RouterId, peer: Peer): void {
    const { clock, peerLoads } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs - peer.helloAtMs < HELLO_MS_MIN) {
      this.#counts.refused += 1;
      return;
    }
    peer.helloAtMs = nowMs;
    // Its life before, if there was one, is over.
    peerLoads(routerId, [], true);
    this.#cancelAnswer ??= clock.after(HELLO_ANSWER_MS, () => {
      this.#cancelAnswer = null;
      this.#tellWhole();
    });
  }

  #possible(loads: readonly PeerLoad[]): readonly PeerLoad[] {
    const { blocksMaxOf } = this.#options;
    if (blocksMaxOf === undefined) return loads;
    const possible = loads.filter((load) => load.blocks <= (blocksMaxOf(load) ?? Infinity));
    if (possible.length < loads.length) this.#counts.refused += 1;
    return possible;
  }

  /** The peer of a message that is newer than all before; null for another one. Also notes what it is. */
  #peerOf({ routerId, number }: PeerLoadMessage): Peer | null {
    const heardAtMs = this.#options.clock.nowMs();
    const peer = this.#peers.get(routerId);
    if (peer === undefined) {
      if (this.#peers.size >= PEERS_MAX) {
        this.#counts.refused += 1;
        return null;
      }
      const met: Peer = { number, heardAtMs, helloAtMs: -Infinity };
      this.#peers.set(routerId, met);
      // Changes of a peer that was not known say nothing of its other targets: they come with its next whole.
      return met;
    }
    if (number <= peer.number) return null;
    // A new life begins far above.
    if (number - peer.number < MISSED_MAX) this.#counts.missed += number - peer.number - 1;
    peer.number = number;
    peer.heardAtMs = heardAtMs;
    return peer;
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
