import {
  compareIncarnations,
  decodeKvMessage,
  subjects,
  type EndpointName,
  type KvSource,
} from '@kvasir/contract';
import type { Clock, Component, DrainReport } from '@kvasir/service';
import type { Incarnation, Prng, WorkerId } from '@kvasir/units';
import type { EventPlane, PlaneMessage, Subscription } from './event-plane.js';
import type { CursorState } from './kv-cursor.js';
import type { KvEventSink } from './kv-event-sink.js';
import {
  KV_SUBSCRIBER_LIMITS,
  RankFollower,
  type FollowerContext,
  type FollowerCounts,
  type KvSubscriberLimits,
  type KvSubscriberTrouble,
} from './rank-follower.js';
import { PendingBudget } from './pending-budget.js';
import type { Snapshot } from './recovery-answer.js';
import { RecoverySlots } from './recovery-slots.js';

export interface KvEventSubscriberOptions {
  readonly plane: EventPlane;
  readonly clock: Clock;
  /** Spreads retries. */
  readonly prng: Prng;
  readonly endpoint: EndpointName;
  readonly sink: KvEventSink;
  /** Where messages come from; by default the plane, from now on. */
  readonly feed?: Pick<EventPlane, 'subscribe'> | undefined;
  /** Sets that are known from elsewhere: a rank that has one begins with it and asks for what is missing only. Each is asked for once. */
  readonly seedOf?: ((source: KvSource) => Snapshot | null) | undefined;
  readonly limits?: Partial<KvSubscriberLimits> | undefined;
  readonly onTrouble?: ((trouble: KvSubscriberTrouble) => void) | undefined;
}

/** A worker to follow, as its registry record says. */
export interface FollowedWorker {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  readonly rankStart: number;
  readonly rankCount: number;
}

/** Sums over all ranks that were ever followed. */
export interface KvSubscriberCounts extends FollowerCounts {
  /** Messages that could not be read. */
  readonly malformedMessages: number;
  /** Messages of workers, ranks or incarnations that are not followed. */
  readonly foreignMessages: number;
  /** Messages that the plane dropped because they came too fast. */
  readonly droppedMessages: number;
}

interface Followed {
  incarnation: Incarnation;
  readonly ranks: Map<number, RankFollower>;
}

/**
 * Keeps a consumer's sets equal to those of all followed publishers of one endpoint: batches are handed over in order and once, missing ones are
 * fetched from the publisher, and a set that cannot be continued is replaced by a snapshot.
 *
 * Who is followed is said from outside (`follow`, `unfollow`: the registry knows who is alive, and in which life). A message of any other life changes
 * nothing, for anybody could send it; what a new life has published before it is followed comes with its first snapshot.
 */
export class KvEventSubscriber implements Component {
  readonly name = 'kv-event-subscriber';
  readonly #feed: Pick<EventPlane, 'subscribe'>;
  readonly #pattern: string;
  readonly #context: FollowerContext;
  readonly #workers = new Map<WorkerId, Followed>();
  /** Sums of followers that are gone. */
  #pastCounts: FollowerCounts = NO_COUNTS;
  #subscription: Subscription | null = null;
  #malformedMessages = 0;
  #malformedTold = 0;
  #toldMalformedAtMs = -Infinity;
  #foreignMessages = 0;

  constructor(options: KvEventSubscriberOptions) {
    const limits = { ...KV_SUBSCRIBER_LIMITS, ...options.limits };
    this.#feed = options.feed ?? options.plane;
    this.#pattern = subjects.kvEventsOfAll(options.endpoint);
    this.#context = {
      plane: options.plane,
      clock: options.clock,
      prng: options.prng,
      endpoint: options.endpoint,
      sink: options.sink,
      limits,
      slots: new RecoverySlots(limits.recoveriesMax),
      pendingBudget: new PendingBudget(limits.pendingWordsMax),
      seedOf: options.seedOf ?? (() => null),
      onTrouble: options.onTrouble ?? (() => undefined),
    };
  }

  start(): Promise<void> {
    this.#subscription ??= this.#feed.subscribe(this.#pattern, (message) => this.#deliver(message));
    for (const { ranks } of this.#workers.values())
      for (const follower of ranks.values()) follower.feed({ kind: 'start' });
    return Promise.resolve();
  }

  drain(): Promise<DrainReport> {
    return Promise.resolve({ abandonedRequests: 0 });
  }

  close(): Promise<void> {
    this.#subscription?.unsubscribe();
    for (const workerId of [...this.#workers.keys()]) this.unfollow(workerId);
    return Promise.resolve();
  }

  /**
   * Follows a worker's ranks from now on, beginning with a snapshot of each. Idempotent; ranks may be added or dropped. A newer incarnation replaces the
   * one before (the consumer is told to reset each of its ranks); an older one is ignored.
   */
  follow(worker: FollowedWorker): void {
    const { workerId, incarnation, rankStart, rankCount } = worker;
    const ranks = Array.from({ length: rankCount }, (_, index) => rankStart + index);
    const known = this.#workers.get(workerId);
    if (known === undefined) this.#begin(workerId, incarnation, ranks);
    else if (known.incarnation === incarnation) this.#setRanks(workerId, known, ranks);
    else if (compareIncarnations(incarnation, known.incarnation) !== 'older')
      this.#supersede(workerId, known, incarnation, ranks);
  }

  /** Forgets a worker. The consumer is not told: whoever calls knows that the worker is gone. */
  unfollow(workerId: WorkerId): void {
    const known = this.#workers.get(workerId);
    if (known === undefined) return;
    this.#workers.delete(workerId);
    for (const follower of known.ranks.values()) this.#end(follower);
  }

  /** The consumer's set of this rank is not right: it is replaced by a snapshot, at most once in `resyncMsMin`. */
  resync(workerId: WorkerId, rank: number): void {
    this.#workers.get(workerId)?.ranks.get(rank)?.resync();
  }

  /** Null when the rank is not followed. */
  state(workerId: WorkerId, rank: number): CursorState | null {
    return this.#workers.get(workerId)?.ranks.get(rank)?.state() ?? null;
  }

  /** Every followed rank. */
  *states(): IterableIterator<{ readonly source: KvSource; readonly state: CursorState }> {
    for (const { ranks } of this.#workers.values())
      for (const follower of ranks.values()) yield { source: follower.source, state: follower.state() };
  }

  /** True when no followed rank is waiting for anything: each set is as new as the last message. */
  isSettled(): boolean {
    for (const { state } of this.states()) if (state.phase !== 'live') return false;
    return true;
  }

  counts(): KvSubscriberCounts {
    let sums = this.#pastCounts;
    for (const { ranks } of this.#workers.values())
      for (const follower of ranks.values()) sums = sumOf(sums, follower.counts());
    return {
      ...sums,
      malformedMessages: this.#malformedMessages,
      foreignMessages: this.#foreignMessages,
      droppedMessages: this.#subscription?.droppedMessages ?? 0,
    };
  }

  #deliver({ subject, payload }: PlaneMessage): void {
    const message = decodeKvMessage(payload);
    if (message.kind === 'malformed') {
      this.#tellMalformed(subject, message.reason);
      return;
    }
    const source = message.kind === 'batch' ? message.batch : message.announcement.source;
    const follower = this.#followerOf(source);
    if (follower === null) this.#foreignMessages += 1;
    else if (message.kind === 'batch') follower.feed(message);
    else follower.announced(message.announcement.batchNumber, message.announcement.digest);
  }

  #tellMalformed(subject: string, reason: string): void {
    const { clock, limits, onTrouble } = this.#context;
    this.#malformedMessages += 1;
    const nowMs = clock.nowMs();
    if (nowMs - this.#toldMalformedAtMs < limits.malformedTellMs) return;
    const count = this.#malformedMessages - this.#malformedTold;
    this.#toldMalformedAtMs = nowMs;
    this.#malformedTold = this.#malformedMessages;
    onTrouble({ kind: 'malformedMessage', subject, reason, count });
  }

  #followerOf({ workerId, incarnation, rank }: KvSource): RankFollower | null {
    const known = this.#workers.get(workerId);
    return known?.incarnation === incarnation ? (known.ranks.get(rank) ?? null) : null;
  }

  #begin(workerId: WorkerId, incarnation: Incarnation, ranks: readonly number[]): void {
    const followed: Followed = { incarnation, ranks: new Map() };
    this.#workers.set(workerId, followed);
    this.#setRanks(workerId, followed, ranks);
  }

  #supersede(workerId: WorkerId, known: Followed, incarnation: Incarnation, ranks: readonly number[]): void {
    this.unfollow(workerId);
    for (const rank of known.ranks.keys()) this.#context.sink.reset({ workerId, incarnation, rank });
    this.#begin(workerId, incarnation, ranks);
  }

  #setRanks(workerId: WorkerId, followed: Followed, ranks: readonly number[]): void {
    const { incarnation } = followed;
    for (const [rank, follower] of followed.ranks) {
      if (ranks.includes(rank)) continue;
      followed.ranks.delete(rank);
      this.#end(follower);
      this.#context.sink.reset({ workerId, incarnation, rank });
    }
    for (const rank of ranks) {
      if (followed.ranks.has(rank)) continue;
      const follower = new RankFollower({ workerId, incarnation, rank }, this.#context);
      followed.ranks.set(rank, follower);
      if (this.#subscription !== null) follower.feed({ kind: 'start' });
    }
  }

  #end(follower: RankFollower): void {
    follower.close();
    this.#pastCounts = sumOf(this.#pastCounts, follower.counts());
  }
}

const NO_COUNTS: FollowerCounts = {
  verifiedDigests: 0,
  digestMismatches: 0,
  appliedBatches: 0,
  staleBatches: 0,
  gaps: 0,
  droppedBatches: 0,
  recoveredByBatches: 0,
  recoveredBySnapshot: 0,
  failedRecoveries: 0,
  resyncs: 0,
  doubts: 0,
  refusedBatches: 0,
};

function sumOf(one: FollowerCounts, other: FollowerCounts): FollowerCounts {
  return {
    appliedBatches: one.appliedBatches + other.appliedBatches,
    staleBatches: one.staleBatches + other.staleBatches,
    gaps: one.gaps + other.gaps,
    droppedBatches: one.droppedBatches + other.droppedBatches,
    recoveredByBatches: one.recoveredByBatches + other.recoveredByBatches,
    recoveredBySnapshot: one.recoveredBySnapshot + other.recoveredBySnapshot,
    failedRecoveries: one.failedRecoveries + other.failedRecoveries,
    resyncs: one.resyncs + other.resyncs,
    doubts: one.doubts + other.doubts,
    refusedBatches: one.refusedBatches + other.refusedBatches,
    verifiedDigests: one.verifiedDigests + other.verifiedDigests,
    digestMismatches: one.digestMismatches + other.digestMismatches,
  };
}
