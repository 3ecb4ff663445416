import type { CancelTimer, Clock } from '@kvasir/service';
import type { Entry } from './entries.js';
import type { InProcessStore } from './in-process-store.js';
import { replaceRecord } from './record-problem.js';
import type { LeaseState, RecordLease, UpdateOutcome } from './registry.js';

/** A lease is renewed this many times before its deadline, so that one late timer does no harm. */
const RENEWALS_PER_LEASE = 3;

export interface InProcessLeaseOptions<EntryType extends Entry> {
  readonly store: InProcessStore;
  readonly clock: Clock;
  /** Stands in the store already. */
  readonly entry: EntryType;
  readonly leaseMs: number;
}

/** Renews one entry of the store by timer, until somebody else stands in its place. */
export class InProcessLease<EntryType extends Entry> implements RecordLease<EntryType['record']> {
  readonly #store: InProcessStore;
  readonly #clock: Clock;
  readonly #entry: EntryType;
  readonly #leaseMs: number;
  readonly #cancelRenewal: CancelTimer;
  #state: LeaseState = { kind: 'held' };

  constructor(options: InProcessLeaseOptions<EntryType>) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#entry = options.entry;
    this.#leaseMs = options.leaseMs;
    this.#cancelRenewal = options.clock.every(options.leaseMs / RENEWALS_PER_LEASE, () => this.#renew());
  }

  state(): LeaseState {
    const standing = this.#store.current(this.#entry);
    if (this.#state.kind === 'held' && standing !== null && standing !== this.#entry)
      this.#end({
        kind: 'superseded',
        by: standing.kind === 'worker' ? standing.record.incarnation : null,
      });
    return this.#state;
  }

  update(record: EntryType['record']): Promise<UpdateOutcome> {
    return Promise.resolve(this.#update(record));
  }

  release(): Promise<void> {
    if (this.state().kind === 'held') {
      this.#end({ kind: 'released' });
      this.#store.remove(this.#entry);
    }
    return Promise.resolve();
  }

  abandon(): void {
    if (this.state().kind === 'held') this.#end({ kind: 'abandoned' });
  }

  leave(keepMs: number): Promise<void> {
    if (this.state().kind === 'held') {
      this.#store.keepUntil(this.#entry, this.#clock.nowMs() + keepMs);
      this.#end({ kind: 'abandoned' });
    }
    return Promise.resolve();
  }

  #update(record: EntryType['record']): UpdateOutcome {
    this.#renew();
    if (this.state().kind !== 'held') return { kind: 'notHeld' };
    const refusal = replaceRecord(this.#entry, record);
    if (refusal !== null) return refusal;
    this.#store.touch(this.#entry);
    return { kind: 'updated' };
  }

  #renew(): void {
    if (this.state().kind !== 'held') return;
    this.#entry.deadlineMs = this.#clock.nowMs() + this.#leaseMs;
    if (this.#store.current(this.#entry) !== null) return;
    // The owner was stalled for longer than its lease and has been dropped: it comes back unless its place was taken by others' terms.
    const refusal = this.#store.put(this.#entry);
    if (refusal !== null) this.#end({ kind: 'lost', code: refusal.code, message: refusal.message });
  }

  #end(state: LeaseState): void {
    this.#state = state;
    this.#cancelRenewal();
  }
}
