import { decodeKvRecoveryRequest, subjects, type EndpointName, type HashWords } from '@kvasir/contract';
import type { CancelTimer, Clock, Component, DrainReport } from '@kvasir/service';
import type { Incarnation, WorkerId } from '@kvasir/units';
import { EventPlaneError } from './errors.js';
import type { EventPlane, Serving } from './event-plane.js';
import {
  KV_PUBLISHER_LIMITS,
  RankPublisher,
  type KvPublisherLimits,
  type RemovedOutcome,
  type StoredOutcome,
} from './rank-publisher.js';

export interface KvEventPublisherOptions {
  readonly plane: EventPlane;
  readonly clock: Clock;
  readonly endpoint: EndpointName;
  readonly workerId: WorkerId;
  /** This life of the worker; batch numbers begin at 1 in each, unless it is taken over. */
  readonly incarnation: Incarnation;
  /**
   * Set when another process has published of this life before: a number above all that it has used. Receivers find numbers missing then and ask for the
   * whole set, so nothing is sent before `start`, when the set is to be complete.
   */
  readonly takesOverAfter?: number | undefined;
  /** Ranks `rankStart … rankStart + rankCount − 1`. */
  readonly rankStart: number;
  readonly rankCount: number;
  readonly limits?: Partial<KvPublisherLimits> | undefined;
}

export interface KvPublisherCounts {
  /** Batches and announcements. */
  readonly sentMessages: number;
  readonly sentBytes: number;
  /** Sends that the plane refused; receivers notice the gap. */
  readonly failedSends: number;
  /** Stored runs whose parent was not held. */
  readonly orphanRuns: number;
  /** Blocks beyond `heldBlocksMax`. */
  readonly refusedBlocks: number;
  /** Blocks said to be removed that were not held. */
  readonly unknownRemovedBlocks: number;
  readonly answersByBatches: number;
  readonly answersBySnapshot: number;
  readonly malformedRequests: number;
  /** Askers that were sent away because as many as may be were being answered. */
  readonly refusedRequests: number;
}

/**
 * Tells every router what the KV caches of one worker hold. Batches are numbered per rank; what was lost on the way is answered from a ring of recent
 * batches, or with the whole set. Hash arrays are copied: the caller may reuse them.
 */
export class KvEventPublisher implements Component {
  readonly name = 'kv-event-publisher';
  readonly #plane: EventPlane;
  /** What an earlier process has told must stand until all is known that this one will tell. */
  #mustHoldBack: boolean;
  readonly #clock: Clock;
  readonly #endpoint: EndpointName;
  readonly #limits: KvPublisherLimits;
  readonly #ranks = new Map<number, RankPublisher>();
  readonly #servings: Serving[] = [];
  readonly #counts = {
    sentMessages: 0,
    sentBytes: 0,
    failedSends: 0,
    orphanRuns: 0,
    refusedBlocks: 0,
    unknownRemovedBlocks: 0,
    answersByBatches: 0,
    answersBySnapshot: 0,
    malformedRequests: 0,
    refusedRequests: 0,
  };
  #answersNow = 0;
  #cancelFlush: CancelTimer | null = null;
  #cancelAnnouncing: CancelTimer | null = null;

  constructor(options: KvEventPublisherOptions) {
    const { plane, clock, endpoint, workerId, incarnation, rankStart, rankCount } = options;
    if (!Number.isSafeInteger(rankCount) || rankCount < 1)
      throw new RangeError(`Cannot publish KV events: rankCount must be at least 1, received ${rankCount}`);
    this.#plane = plane;
    this.#mustHoldBack = options.takesOverAfter !== undefined;
    this.#clock = clock;
    this.#endpoint = endpoint;
    this.#limits = { ...KV_PUBLISHER_LIMITS, ...options.limits };
    for (let rank = rankStart; rank < rankStart + rankCount; rank += 1) {
      const subject = subjects.kvEvents(endpoint, workerId, rank);
      const send = (payload: Uint8Array): void => this.#send(subject, payload);
      const payloadBytesMax = (): number => plane.payloadBytesMax;
      const before = options.takesOverAfter ?? 0;
      this.#ranks.set(
        rank,
        new RankPublisher({ workerId, incarnation, rank }, this.#limits, { send, payloadBytesMax }, before),
      );
    }
  }

  /** Serves recovery from now on. Events may be published before; they are in the ring and in the set. */
  start(): Promise<void> {
    if (this.#servings.length > 0) return Promise.resolve();
    for (const rank of this.#ranks.values())
      this.#servings.push(
        this.#plane.serve(subjects.kvRecovery(this.#endpoint, rank.source), (request) =>
          this.#answer(rank, request),
        ),
      );
    if (this.#mustHoldBack) {
      this.flush();
      this.#mustHoldBack = false;
      this.#announce();
    }
    this.#cancelAnnouncing = this.#clock.every(this.#limits.announceMs, () => this.#announce());
    return Promise.resolve();
  }

  /** Sends what is pending. */
  drain(): Promise<DrainReport> {
    this.flush();
    return Promise.resolve({ abandonedRequests: 0 });
  }

  close(): Promise<void> {
    this.flush();
    this.#cancelAnnouncing?.();
    this.#cancelAnnouncing = null;
    for (const serving of this.#servings.splice(0)) serving.unsubscribe();
    return Promise.resolve();
  }

  /**
   * The rank now holds a run of blocks, each the child of the one before.
   * @param parent the block before the first (2 words), or null at the root of a prompt.
   * @param hashes sequence hashes, 2 words per block.
   */
  publishStored(rank: number, parent: HashWords | null, hashes: HashWords): StoredOutcome {
    assertHashes(hashes);
    if (parent !== null && parent.length !== 2)
      throw new RangeError(`Cannot publish a stored run: parent must be 2 words, received ${parent.length}`);
    const publisher = this.#rank(rank);
    const outcome = publisher.stored(parent, hashes);
    if (outcome.kind === 'unknownParent') this.#counts.orphanRuns += 1;
    if (outcome.kind === 'limitReached') this.#counts.refusedBlocks += outcome.refusedBlocks;
    this.#scheduleFlush(publisher);
    return outcome;
  }

  /** The rank no longer holds these blocks. A child of a removed block may stay; it counts again when its parent comes back. */
  publishRemoved(rank: number, hashes: HashWords): RemovedOutcome {
    assertHashes(hashes);
    const publisher = this.#rank(rank);
    const outcome = publisher.removed(hashes);
    this.#counts.unknownRemovedBlocks += outcome.unknownBlocks;
    this.#scheduleFlush(publisher);
    return outcome;
  }

  /** The rank holds nothing any more. */
  publishCleared(rank: number): void {
    const publisher = this.#rank(rank);
    publisher.cleared();
    this.#scheduleFlush(publisher);
  }

  /** Sends what is pending now. */
  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    for (const rank of this.#ranks.values()) rank.flush();
  }

  /** What a rank holds, and the number of its newest batch (0 before the first). */
  rankState(rank: number): { readonly heldBlocks: number; readonly newestNumber: number } {
    const { heldBlocks, newestNumber } = this.#rank(rank);
    return { heldBlocks, newestNumber };
  }

  counts(): KvPublisherCounts {
    return this.#counts;
  }

  #rank(rank: number): RankPublisher {
    const publisher = this.#ranks.get(rank);
    if (publisher === undefined)
      throw new RangeError(
        `Cannot publish KV events: rank must be one of ${[...this.#ranks.keys()].join(', ')}, received ${rank}`,
      );
    return publisher;
  }

  #scheduleFlush(publisher: RankPublisher): void {
    if (this.#cancelFlush !== null || !publisher.hasPending) return;
    this.#cancelFlush = this.#clock.after(this.#limits.batchDelayMs, () => this.flush());
  }

  #announce(): void {
    this.flush();
    for (const rank of this.#ranks.values()) rank.announce();
  }

  #send(subject: string, payload: Uint8Array): void {
    if (this.#mustHoldBack) return;
    try {
      this.#plane.publish(subject, payload);
      this.#counts.sentMessages += 1;
      this.#counts.sentBytes += payload.byteLength;
    } catch (error) {
      if (!(error instanceof EventPlaneError)) throw error;
      // The batch keeps its number, so receivers see the gap and ask for it.
      this.#counts.failedSends += 1;
    }
  }

  async *#answer(rank: RankPublisher, bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    await Promise.resolve();
    const decoded = decodeKvRecoveryRequest(bytes);
    if (decoded.kind === 'malformed') {
      this.#counts.malformedRequests += 1;
      throw new EventPlaneError(
        'EVENT_PLANE_SERVER_FAILED',
        `Cannot answer a recovery request: it ${decoded.reason}`,
      );
    }
    if (this.#answersNow >= this.#limits.answersMax) {
      this.#counts.refusedRequests += 1;
      throw new EventPlaneError(
        'EVENT_PLANE_SERVER_FAILED',
        `Cannot answer a recovery request: ${this.#answersNow} are being answered`,
      );
    }
    this.#answersNow += 1;
    try {
      const answer = rank.answer(decoded.request.want);
      if (answer.kind === 'batches') this.#counts.answersByBatches += 1;
      else this.#counts.answersBySnapshot += 1;
      yield* answer.chunks;
    } finally {
      this.#answersNow -= 1;
    }
  }
}

function assertHashes(hashes: HashWords): void {
  if (hashes.length === 0 || hashes.length % 2 !== 0)
    throw new RangeError(
      `Cannot publish KV events: hashes must be 2 words per block, at least one block, received ${hashes.length} words`,
    );
}
