import {
  encodeKvRecoveryRequest,
  subjects,
  type EndpointName,
  type KvEventBatch,
  type KvRecoveryWant,
  type KvSetDigest,
  type KvSource,
} from '@kvasir/contract';
import type { CancelTimer, Clock } from '@kvasir/service';
import type { Prng } from '@kvasir/units';
import type { EventPlane } from './event-plane.js';
import {
  KvCursor,
  type CursorCounts,
  type CursorEffect,
  type CursorInput,
  type CursorState,
  type RecoveryTicket,
} from './kv-cursor.js';
import type { KvEventSink } from './kv-event-sink.js';
import type { PendingBudget } from './pending-budget.js';
import { RecoveryAnswer, type AnswerStep, type Snapshot } from './recovery-answer.js';
import type { RecoverySlots } from './recovery-slots.js';

export interface KvSubscriberLimits {
  /** Batches per rank that may wait for a missing one. */
  readonly pendingBatchesMax: number;
  /** Words (4 bytes) of all batches that wait, over all ranks. */
  readonly pendingWordsMax: number;
  /** Recoveries that may run at once, over all ranks. */
  readonly recoveriesMax: number;
  /** Longest wait for the next chunk of an answer. */
  readonly recoveryChunkTimeoutMs: number;
  /** Wait after the first failed recovery; doubles with each further one, up to `recoveryRetryMsMax`, with up to half of it taken off at random. */
  readonly recoveryRetryMsMin: number;
  readonly recoveryRetryMsMax: number;
  /** Shortest time between two resynchronisations of one rank; doubles up to `resyncMsMax` while they keep coming. */
  readonly resyncMsMin: number;
  readonly resyncMsMax: number;
  /** For how long a publisher names numbers below what was applied until it is asked: longer than what was delayed on the way takes. */
  readonly doubtMs: number;
  /** Messages that cannot be read are told at most once in so long; they are always counted. */
  readonly malformedTellMs: number;
  /** Blocks of a snapshot that is accepted at all. */
  readonly snapshotBlocksMax: number;
  /** Blocks of a snapshot handed over before sockets and timers get their turn. */
  readonly snapshotBlocksPerTurn: number;
}

export const KV_SUBSCRIBER_LIMITS: KvSubscriberLimits = {
  pendingBatchesMax: 1_024,
  pendingWordsMax: 67_108_864,
  recoveriesMax: 16,
  recoveryChunkTimeoutMs: 2_000,
  recoveryRetryMsMin: 200,
  recoveryRetryMsMax: 10_000,
  resyncMsMin: 5_000,
  resyncMsMax: 60_000,
  doubtMs: 1_500,
  malformedTellMs: 10_000,
  snapshotBlocksMax: 16_777_216,
  snapshotBlocksPerTurn: 16_384,
};

/** For a log line; all of it is counted and healed without anybody's help. */
export type KvSubscriberTrouble =
  | { readonly kind: 'recoveryFailed'; readonly source: KvSource; readonly reason: string }
  /** The consumer threw: its set is taken for wrong and replaced. */
  | { readonly kind: 'sinkFailed'; readonly source: KvSource; readonly error: unknown }
  /** The consumer's set differs from the publisher's at the same batch: it is replaced. */
  | { readonly kind: 'digestMismatch'; readonly source: KvSource; readonly batchNumber: number }
  /** Bytes on event subjects that are no message of ours; dropped. `count` have come since this was told before. */
  | {
      readonly kind: 'malformedMessage';
      readonly subject: string;
      readonly reason: string;
      readonly count: number;
    };

/** What has happened to one source since it was followed. */
export interface FollowerCounts extends CursorCounts {
  /** Times that the set was compared with the publisher's. */
  readonly verifiedDigests: number;
  /** Of those, the ones at which it was found to differ. */
  readonly digestMismatches: number;
}

/** What all followers of one subscriber share. */
export interface FollowerContext {
  readonly plane: EventPlane;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly endpoint: EndpointName;
  readonly sink: KvEventSink;
  readonly limits: KvSubscriberLimits;
  readonly slots: RecoverySlots;
  readonly pendingBudget: PendingBudget;
  /** A set to begin with, in the place of the publisher's answer; null when there is none. Asked for once per source. */
  readonly seedOf: (source: KvSource) => Snapshot | null;
  readonly onTrouble: (trouble: KvSubscriberTrouble) => void;
}

/** Follows one source: feeds its cursor and performs what the cursor decides. */
export class RankFollower {
  readonly source: KvSource;
  readonly #context: FollowerContext;
  readonly #cursor: KvCursor;
  /** Inputs that came while one was being stepped. */
  readonly #inputs: CursorInput[] = [];
  #isStepping = false;
  #isClosed = false;
  /** The recovery whose answer is wanted. */
  #active: { readonly ticket: RecoveryTicket; readonly leaving: AbortController } | null = null;
  /** Of a retry, or of the next turn of a snapshot. */
  #cancelTimer: CancelTimer | null = null;
  #snapshot: Snapshot | null = null;
  #isSeeded = false;
  #cancelResync: CancelTimer | null = null;
  #resyncedAtMs = -Infinity;
  #verifiedDigests = 0;
  #digestMismatches = 0;
  #resyncDelayMs: number;
  /** Since when the publisher names numbers below what was applied; null while it does not. */
  #lowSinceMs: number | null = null;

  constructor(source: KvSource, context: FollowerContext) {
    this.source = source;
    this.#context = context;
    this.#cursor = new KvCursor(context.limits.pendingBatchesMax, context.pendingBudget);
    this.#resyncDelayMs = context.limits.resyncMsMin;
  }

  state(): CursorState {
    return this.#cursor.state();
  }

  counts(): FollowerCounts {
    return {
      ...this.#cursor.counts(),
      verifiedDigests: this.#verifiedDigests,
      digestMismatches: this.#digestMismatches,
    };
  }

  /**
   * The publisher says which batch is its newest, and what its set adds up to then: compared when the consumer is at exactly that number. One that goes on
   * naming numbers below what was applied is asked: what was applied was then not all its own.
   */
  announced(batchNumber: number, digest: KvSetDigest | null): void {
    this.feed({ kind: 'announced', batchNumber });
    const { phase, appliedNumber } = this.#cursor.state();
    if (phase !== 'live' || appliedNumber === null) return;
    this.#noteOrder(batchNumber, appliedNumber);
    if (digest !== null && appliedNumber === batchNumber && this.#differs(batchNumber, digest)) this.resync();
  }

  /** Takes an input; when one is being stepped, after it. */
  feed(input: CursorInput): void {
    this.#inputs.push(input);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift())
        for (const effect of this.#isClosed ? [] : this.#cursor.step(next)) this.#perform(effect);
    } finally {
      this.#isStepping = false;
    }
  }

  /** Replaces the consumer's set by a snapshot: at once, or when the last time is not long enough ago. */
  resync(): void {
    this.#limited(() => this.feed({ kind: 'resync' }));
  }

  #noteOrder(announcedNumber: number, appliedNumber: number): void {
    const { clock, limits } = this.#context;
    if (announcedNumber >= appliedNumber) {
      this.#lowSinceMs = null;
      return;
    }
    // A single one may have been on its way for long, e.g. out of a log that is read from its beginning.
    this.#lowSinceMs ??= clock.nowMs();
    if (clock.nowMs() - this.#lowSinceMs < limits.doubtMs) return;
    this.#lowSinceMs = null;
    this.#limited(() => this.feed({ kind: 'doubted' }));
  }

  /** Does what makes the publisher answer with its whole set: at once, or when the last time is not long enough ago. */
  #limited(ask: () => void): void {
    if (this.#cancelResync !== null || this.#isClosed) return;
    const { clock, limits } = this.#context;
    const nowMs = clock.nowMs();
    if (nowMs - this.#resyncedAtMs > 2 * this.#resyncDelayMs) this.#resyncDelayMs = limits.resyncMsMin;
    const waitMs = this.#resyncedAtMs + this.#resyncDelayMs - nowMs;
    if (waitMs <= 0) this.#askNow(ask);
    else this.#cancelResync = clock.after(waitMs, () => this.#askNow(ask));
  }

  close(): void {
    this.#isClosed = true;
    this.#stopRecovery();
    this.#cancelResync?.();
    this.#cursor.close();
  }

  #askNow(ask: () => void): void {
    const { clock, limits } = this.#context;
    this.#cancelResync = null;
    if (this.#resyncedAtMs > -Infinity)
      this.#resyncDelayMs = Math.min(limits.resyncMsMax, this.#resyncDelayMs * 2);
    this.#resyncedAtMs = clock.nowMs();
    ask();
  }

  #perform(effect: CursorEffect): void {
    switch (effect.kind) {
      case 'apply':
        if (!this.#apply(effect.batch)) this.resync();
        return;
      case 'recover':
        void this.#recover(effect.ticket, effect.want);
        return;
      case 'replace':
        this.#replace(effect.ticket, effect.batchNumber);
        return;
      case 'retryLater':
        this.#retryLater(effect.ticket, effect.attempt);
        return;
      case 'cancel':
        this.#stopRecovery();
        return;
    }
  }

  #apply(batch: KvEventBatch): boolean {
    let isApplied = false;
    return this.#guarded(() => (isApplied = this.#context.sink.batch(batch) === 'applied')) && isApplied;
  }

  async #recover(ticket: RecoveryTicket, want: KvRecoveryWant): Promise<void> {
    const { slots } = this.#context;
    const leaving = new AbortController();
    this.#active = { ticket, leaving };
    await slots.acquire();
    try {
      const seed = this.#takeSeed();
      if (seed !== null && this.#isActive(ticket)) this.#take(ticket, { kind: 'snapshot', snapshot: seed });
      else if (this.#isActive(ticket)) await this.#readAnswer(ticket, want, leaving.signal);
    } catch (error) {
      if (this.#isActive(ticket))
        this.#recoveryFailed(ticket, error instanceof Error ? error.message : String(error));
    } finally {
      slots.release();
    }
  }

  #takeSeed(): Snapshot | null {
    if (this.#isSeeded) return null;
    this.#isSeeded = true;
    return this.#context.seedOf(this.source);
  }

  async #readAnswer(ticket: RecoveryTicket, want: KvRecoveryWant, signal: AbortSignal): Promise<void> {
    const { plane, endpoint, limits } = this.#context;
    const answer = new RecoveryAnswer(this.source, limits.snapshotBlocksMax);
    const request = encodeKvRecoveryRequest({ source: this.source, want });
    const subject = subjects.kvRecovery(endpoint, this.source);
    for await (const bytes of plane.request(subject, request, limits.recoveryChunkTimeoutMs, signal)) {
      if (!this.#isActive(ticket)) return;
      if (!this.#take(ticket, answer.read(bytes))) return;
    }
    if (this.#isActive(ticket)) this.#recoveryFailed(ticket, 'the answer has no end');
  }

  #isActive(ticket: RecoveryTicket): boolean {
    return this.#active?.ticket === ticket;
  }

  /** @returns whether more of the answer is wanted. */
  #take(ticket: RecoveryTicket, step: AnswerStep): boolean {
    switch (step.kind) {
      case 'reading':
        return true;
      case 'batch':
        this.feed(step);
        return this.#isActive(ticket);
      case 'snapshot':
        this.#snapshot = step.snapshot;
        this.#active = null;
        this.feed({ kind: 'snapshotArrived', ticket, batchNumber: step.snapshot.batchNumber });
        this.#snapshot = null;
        return false;
      case 'ended':
        this.#active = null;
        this.feed({ kind: 'recoveryEnded', ticket, newestNumber: step.newestNumber });
        return false;
      case 'broken':
        this.#recoveryFailed(ticket, step.reason);
        return false;
    }
  }

  #recoveryFailed(ticket: RecoveryTicket, reason: string): void {
    this.#context.onTrouble({ kind: 'recoveryFailed', source: this.source, reason });
    this.feed({ kind: 'recoveryFailed', ticket });
  }

  #retryLater(ticket: RecoveryTicket, attempt: number): void {
    const { clock, prng, limits } = this.#context;
    // Past 2^30 the product only grows beyond what the maximum allows.
    const fullMs = Math.min(
      limits.recoveryRetryMsMax,
      limits.recoveryRetryMsMin * 2 ** Math.min(attempt - 1, 30),
    );
    this.#cancelTimer = clock.after(fullMs * (1 - prng() / 2), () => {
      this.#cancelTimer = null;
      this.feed({ kind: 'retryDue', ticket });
    });
  }

  #replace(ticket: RecoveryTicket, batchNumber: number): void {
    if (this.#snapshot === null) throw new TypeError('Cannot replace a set: no snapshot has arrived');
    const { chains, digest } = this.#snapshot;
    let next = 0;
    const handOverTurn = (): void => {
      this.#cancelTimer = null;
      const end = endOfTurn(chains, next, this.#context.limits.snapshotBlocksPerTurn);
      if (!this.#handOver(chains.slice(next, end))) {
        this.feed({ kind: 'recoveryFailed', ticket });
        return;
      }
      next = end;
      if (next < chains.length) this.#cancelTimer = this.#context.clock.after(0, handOverTurn);
      else {
        const isWrong = digest !== null && this.#differs(batchNumber, digest);
        this.feed({ kind: 'replaced', ticket, batchNumber });
        if (isWrong) this.resync();
      }
    };
    if (this.#reset()) handOverTurn();
    else this.feed({ kind: 'recoveryFailed', ticket });
  }

  /** Whether the consumer holds something else than the publisher held at that number; counted and told. */
  #differs(batchNumber: number, digest: KvSetDigest): boolean {
    const mine = this.#context.sink.digest?.(this.source) ?? null;
    if (mine === null) return false;
    this.#verifiedDigests += 1;
    if (mine.lo === digest.lo && mine.hi === digest.hi && mine.blockCount === digest.blockCount) return false;
    this.#digestMismatches += 1;
    this.#context.onTrouble({ kind: 'digestMismatch', source: this.source, batchNumber });
    return true;
  }

  #reset(): boolean {
    return this.#guarded(() => this.#context.sink.reset(this.source));
  }

  #handOver(chains: Snapshot['chains']): boolean {
    return this.#guarded(() => {
      for (const chain of chains) this.#context.sink.snapshotChain(this.source, chain);
    });
  }

  /** @returns false when the consumer threw. */
  #guarded(call: () => void): boolean {
    try {
      call();
      return true;
    } catch (error) {
      this.#context.onTrouble({ kind: 'sinkFailed', source: this.source, error });
      return false;
    }
  }

  #stopRecovery(): void {
    this.#active?.leaving.abort();
    this.#active = null;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }
}

/** Where to stop handing chains over: after at least one, and about `blocksMax` blocks. */
function endOfTurn(chains: Snapshot['chains'], start: number, blocksMax: number): number {
  let blocks = 0;
  let end = start;
  for (; end < chains.length && blocks < blocksMax; end += 1) blocks += (chains[end]?.hashes.length ?? 0) / 2;
  return end;
}
