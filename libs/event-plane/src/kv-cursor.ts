/**
 * Where a receiver stands in the numbered batches of one (worker, incarnation, rank), and what to do about the next thing that happens.
 * Pure: no clock, no I/O; `step(input)` returns effects in the order in which they are to be performed.
 *
 * ```
 *            start                 snapshot complete             whole set handed over
 *  initial ────────▶ restoring ───────────────────▶ replacing ──────────────────────▶ live
 *                       ▲  resync, or the publisher went back        ▲                  │ ▲
 *                       └───────────────────────────────────┐        │ ring too short   │ │ nothing missing
 *                                                           └──── catchingUp ◀──────────┘ │
 *                                                                    └───── gap ──────────┘
 * ```
 *
 * The state machine is that of Dynamo's recovery cursor (initial restore, contiguous apply, buffer and recover on a gap, clear as a barrier), with
 * tail loss noticed by announcements, recoveries that are tried again instead of given up, and buffered batches kept over a failed one.
 *
 * A message may be forged or damaged, so a number alone decides nothing for long: a leap beyond `NUMBER_LEAP_MAX` is only a reason to ask, asking for
 * what does not exist is done ever more rarely, and what waits is bounded in memory.
 */
import type { KvEventBatch, KvRecoveryWant } from '@kvasir/contract';
import type { PendingBudget } from './pending-budget.js';

/** A batch whose number is that far beyond what is held is not kept: if it is real, the publisher has long dropped what lies between. */
export const NUMBER_LEAP_MAX = 65_536;

/** Names one attempt to recover; what comes from an earlier attempt changes nothing. */
export type RecoveryTicket = number;

export type CursorInput =
  /** The source is to be followed from now on; live batches may already be coming. */
  | { readonly kind: 'start' }
  /** A batch, live or recovered: what counts is its number. */
  | { readonly kind: 'batch'; readonly batch: KvEventBatch }
  /** The publisher says which number is its newest. */
  | { readonly kind: 'announced'; readonly batchNumber: number }
  /** The consumer's set is not what it should be (an unknown parent, a digest that differs). */
  | { readonly kind: 'resync' }
  /** The publisher goes on to name numbers below what was applied: ask it what its newest is. */
  | { readonly kind: 'doubted' }
  /** A whole snapshot has arrived. */
  | { readonly kind: 'snapshotArrived'; readonly ticket: RecoveryTicket; readonly batchNumber: number }
  /** The consumer holds exactly the snapshot. */
  | { readonly kind: 'replaced'; readonly ticket: RecoveryTicket; readonly batchNumber: number }
  /** All missing batches that the publisher has were fed in as `batch`. */
  | { readonly kind: 'recoveryEnded'; readonly ticket: RecoveryTicket; readonly newestNumber: number }
  | { readonly kind: 'recoveryFailed'; readonly ticket: RecoveryTicket }
  | { readonly kind: 'retryDue'; readonly ticket: RecoveryTicket };

export type CursorEffect =
  | { readonly kind: 'apply'; readonly batch: KvEventBatch }
  /** Ask the publisher; answer with `batch`…`recoveryEnded`, `snapshotArrived`, or `recoveryFailed`. */
  | { readonly kind: 'recover'; readonly ticket: RecoveryTicket; readonly want: KvRecoveryWant }
  /** Empty the consumer, hand the snapshot over, then say `replaced`. */
  | { readonly kind: 'replace'; readonly ticket: RecoveryTicket; readonly batchNumber: number }
  /** Say `retryDue` after a delay that grows with `attempt` (from 1). */
  | { readonly kind: 'retryLater'; readonly ticket: RecoveryTicket; readonly attempt: number }
  /** Whatever runs under this ticket is not wanted any more. */
  | { readonly kind: 'cancel'; readonly ticket: RecoveryTicket };

export type CursorPhase = 'initial' | 'live' | 'catchingUp' | 'restoring' | 'replacing';

export interface CursorState {
  readonly phase: CursorPhase;
  /** Number of the newest batch that the consumer holds; null before the first restore. */
  readonly appliedNumber: number | null;
  /** Batches that wait for a missing one. */
  readonly pendingBatches: number;
  /** Failed tries of the recovery under way. */
  readonly failedAttempts: number;
}

/** What has happened since the cursor was made. */
export interface CursorCounts {
  readonly appliedBatches: number;
  /** Batches that were held already. */
  readonly staleBatches: number;
  /** Times that a number was found missing. */
  readonly gaps: number;
  /** Batches dropped because too many waited, or because the publisher does not know of them; they are recovered when they were real. */
  readonly droppedBatches: number;
  readonly recoveredByBatches: number;
  readonly recoveredBySnapshot: number;
  readonly failedRecoveries: number;
  readonly resyncs: number;
  /** Times that the publisher was asked because it named numbers below what was applied. */
  readonly doubts: number;
  /** Batches whose number leaps beyond what can be. */
  readonly refusedBatches: number;
}

type Counts = { -readonly [Name in keyof CursorCounts]: number };

export class KvCursor {
  readonly #pendingBatchesMax: number;
  readonly #budget: PendingBudget;
  readonly #pending = new Map<number, KvEventBatch>();
  readonly #counts: Counts = {
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
  #phase: CursorPhase = 'initial';
  #applied: number | null = null;
  /** Highest number known to exist, buffered or not. */
  #seenMax = 0;
  #ticket: RecoveryTicket = 0;
  #attempt = 0;
  /** `#applied` when the recovery under way was asked for. */
  #appliedAtRequest: number | null = null;
  /** Answers in a row that knew nothing of what was said to be missing. */
  #fruitless = 0;

  /**
   * @param pendingBatchesMax batches that may wait for a missing one; the newest are dropped beyond it, and recovered later.
   * @param budget memory for them, shared with other cursors.
   */
  constructor(pendingBatchesMax: number, budget: PendingBudget) {
    this.#pendingBatchesMax = pendingBatchesMax;
    this.#budget = budget;
  }

  state(): CursorState {
    return {
      phase: this.#phase,
      appliedNumber: this.#applied,
      pendingBatches: this.#pending.size,
      failedAttempts: this.#attempt,
    };
  }

  counts(): CursorCounts {
    return this.#counts;
  }

  /** Gives back what its waiting batches take of the budget; it is not to be stepped any more. */
  close(): void {
    this.#prune(Infinity);
  }

  step(input: CursorInput): readonly CursorEffect[] {
    switch (input.kind) {
      case 'start':
        return this.#phase === 'initial' ? this.#recover('restoring') : [];
      case 'batch':
        return this.#observe(input.batch);
      case 'announced':
        return this.#announced(input.batchNumber);
      case 'resync':
        return this.#resync();
      case 'doubted':
        return this.#doubted();
      default:
        return input.ticket === this.#ticket ? this.#recoveryStep(input) : [];
    }
  }

  #observe(batch: KvEventBatch): readonly CursorEffect[] {
    const { batchNumber } = batch;
    if (this.#applied !== null && batchNumber <= this.#applied) {
      this.#counts.staleBatches += 1;
      return [];
    }
    if (batchNumber - (this.#applied ?? 0) > NUMBER_LEAP_MAX) return this.#refuse(batch);
    // A clear voids whatever came before it, missing batches included.
    if (batch.events[0]?.kind === 'cleared') return this.#passBarrier(batch);
    const isNext = this.#applied !== null && batchNumber === this.#applied + 1;
    switch (this.#phase) {
      case 'live':
        if (isNext) return [this.#apply(batch)];
        this.#buffer(batch);
        return this.#foundGap();
      case 'catchingUp':
        if (!isNext) return this.#buffer(batch);
        return [this.#apply(batch), ...this.#drain(), ...this.#liveAgainWhenWhole()];
      case 'initial':
        this.#buffer(batch);
        return this.#recover('restoring');
      case 'restoring':
      case 'replacing':
        // Not applied even when it is the next: the snapshot may be older than it, and would then lose it.
        return this.#buffer(batch);
    }
  }

  /** Asked about, like something that is missing, but not kept: a number that is forged must not be taken for where the publisher is. */
  #refuse(batch: KvEventBatch): readonly CursorEffect[] {
    // Before the first snapshot nobody knows where the publisher is.
    if (this.#applied === null) return this.#phase === 'initial' ? this.#recover('restoring') : [];
    this.#counts.refusedBatches += 1;
    return this.#announced(batch.batchNumber);
  }

  #doubted(): readonly CursorEffect[] {
    if (this.#phase !== 'live') return [];
    this.#counts.doubts += 1;
    return this.#recover('catchingUp');
  }

  #announced(batchNumber: number): readonly CursorEffect[] {
    if (this.#phase === 'live' && batchNumber === this.#applied) this.#fruitless = 0;
    this.#seenMax = Math.max(this.#seenMax, batchNumber);
    if (this.#phase === 'initial') return this.#recover('restoring');
    return this.#phase === 'live' && this.#seenMax > (this.#applied ?? 0) ? this.#foundGap() : [];
  }

  #resync(): readonly CursorEffect[] {
    if (this.#phase === 'restoring' || this.#phase === 'replacing') return [];
    this.#counts.resyncs += 1;
    return [...this.#cancelRecovery(), ...this.#recover('restoring')];
  }

  #recoveryStep(
    input: Exclude<CursorInput, { kind: 'start' | 'batch' | 'announced' | 'resync' | 'doubted' }>,
  ): readonly CursorEffect[] {
    switch (input.kind) {
      case 'snapshotArrived':
        return this.#snapshotArrived(input.batchNumber);
      case 'replaced':
        if (this.#phase !== 'replacing') return [];
        this.#counts.recoveredBySnapshot += 1;
        this.#applied = input.batchNumber;
        this.#prune(input.batchNumber);
        return this.#settle();
      case 'recoveryEnded':
        return this.#recoveryEnded(input.newestNumber);
      case 'recoveryFailed':
        if (!this.#isRecovering()) return [];
        this.#counts.failedRecoveries += 1;
        this.#attempt += 1;
        return [{ kind: 'retryLater', ticket: this.#ticket, attempt: this.#attempt }];
      case 'retryDue':
        // What was missing may have come late, or more may be missing: ask anew from where we are.
        return this.#isRecovering()
          ? this.#ask(this.#phase === 'catchingUp' ? 'catchingUp' : 'restoring')
          : [];
    }
  }

  #snapshotArrived(batchNumber: number): readonly CursorEffect[] {
    if (this.#phase !== 'restoring' && this.#phase !== 'catchingUp') return [];
    // Late batches have carried us past it meanwhile; when it is older than what we had when we asked, that was wrong.
    const isBehind = batchNumber < (this.#applied ?? 0) && batchNumber >= (this.#appliedAtRequest ?? 0);
    if (this.#phase === 'catchingUp' && isBehind) return this.#recoveryEnded(batchNumber);
    this.#phase = 'replacing';
    return [{ kind: 'replace', ticket: this.#ticket, batchNumber }];
  }

  #recoveryEnded(newestNumber: number): readonly CursorEffect[] {
    // An answer without the snapshot that was asked for.
    if (this.#phase === 'restoring')
      return this.#recoveryStep({ kind: 'recoveryFailed', ticket: this.#ticket });
    if (this.#phase !== 'catchingUp') return [];
    // All that we had then was published before we asked: a publisher that knows of less has started over without a new incarnation.
    if (newestNumber < (this.#appliedAtRequest ?? 0)) return this.#recover('restoring');
    if (this.#applied !== this.#appliedAtRequest) this.#fruitless = 0;
    else if (this.#seenMax > (this.#applied ?? 0)) {
      // It knows nothing of what we miss. Waiting for that would never end; a batch that is real comes again or is announced.
      this.#fruitless += 1;
      this.#counts.droppedBatches += this.#pending.size;
      this.#prune(Infinity);
      this.#seenMax = this.#applied ?? 0;
    }
    this.#counts.recoveredByBatches += 1;
    return this.#settle();
  }

  #passBarrier(batch: KvEventBatch): readonly CursorEffect[] {
    const cancelled = this.#cancelRecovery();
    const applied = this.#apply(batch);
    this.#prune(batch.batchNumber);
    return [...cancelled, applied, ...this.#settle()];
  }

  #foundGap(): readonly CursorEffect[] {
    this.#counts.gaps += 1;
    if (this.#fruitless === 0) return this.#recover('catchingUp');
    // What was missing before was not there: somebody names numbers that do not exist, and must not make us ask without end.
    this.#phase = 'catchingUp';
    this.#ticket += 1;
    this.#appliedAtRequest = this.#applied;
    return [{ kind: 'retryLater', ticket: this.#ticket, attempt: this.#fruitless }];
  }

  /** Applies what follows without a hole; then live, or the next hole. */
  #settle(): readonly CursorEffect[] {
    const applied = this.#drain();
    this.#attempt = 0;
    if (this.#seenMax > (this.#applied ?? 0)) return [...applied, ...this.#foundGap()];
    this.#phase = 'live';
    return applied;
  }

  #liveAgainWhenWhole(): readonly CursorEffect[] {
    if (this.#seenMax > (this.#applied ?? 0)) return [];
    const cancelled = this.#cancelRecovery();
    this.#counts.recoveredByBatches += 1;
    this.#phase = 'live';
    return cancelled;
  }

  #drain(): CursorEffect[] {
    const effects: CursorEffect[] = [];
    for (;;) {
      const next = this.#pending.get((this.#applied ?? 0) + 1);
      if (next === undefined) return effects;
      this.#drop(next);
      effects.push(this.#apply(next));
    }
  }

  #apply(batch: KvEventBatch): CursorEffect {
    this.#applied = batch.batchNumber;
    this.#seenMax = Math.max(this.#seenMax, batch.batchNumber);
    this.#counts.appliedBatches += 1;
    return { kind: 'apply', batch };
  }

  #buffer(batch: KvEventBatch): readonly CursorEffect[] {
    this.#seenMax = Math.max(this.#seenMax, batch.batchNumber);
    if (this.#pending.has(batch.batchNumber)) this.#counts.staleBatches += 1;
    else if (this.#pending.size >= this.#pendingBatchesMax || !this.#budget.take(batch))
      this.#counts.droppedBatches += 1;
    else this.#pending.set(batch.batchNumber, batch);
    return [];
  }

  #drop(batch: KvEventBatch): void {
    this.#pending.delete(batch.batchNumber);
    this.#budget.give(batch);
  }

  #prune(throughNumber: number): void {
    for (const batch of this.#pending.values()) if (batch.batchNumber <= throughNumber) this.#drop(batch);
  }

  #recover(phase: 'catchingUp' | 'restoring'): readonly CursorEffect[] {
    this.#attempt = 0;
    return this.#ask(phase);
  }

  #ask(phase: 'catchingUp' | 'restoring'): readonly CursorEffect[] {
    this.#phase = phase;
    this.#ticket += 1;
    this.#appliedAtRequest = this.#applied;
    const want: KvRecoveryWant =
      phase === 'restoring' ? { kind: 'snapshot' } : { kind: 'batches', from: (this.#applied ?? 0) + 1 };
    return [{ kind: 'recover', ticket: this.#ticket, want }];
  }

  #isRecovering(): boolean {
    return this.#phase === 'catchingUp' || this.#phase === 'restoring' || this.#phase === 'replacing';
  }

  #cancelRecovery(): readonly CursorEffect[] {
    if (!this.#isRecovering()) return [];
    const cancelled = this.#ticket;
    // Results of the cancelled one must not match.
    this.#ticket += 1;
    this.#attempt = 0;
    return [{ kind: 'cancel', ticket: cancelled }];
  }
}
