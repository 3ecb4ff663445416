import type { CancelTimer, Clock } from '@kvasir/service';
import { incarnation } from '@kvasir/units';
import { idOf } from '../entries.js';
import type { Entry } from '../entries.js';
import { replaceRecord } from '../record-problem.js';
import type { LeaseState, RecordLease, Refusal, UpdateOutcome } from '../registry.js';
import type { RedisEndpoint } from './redis-endpoint.js';

/** A lease is renewed this many times before its deadline, so that one lost renewal does no harm. */
const RENEWALS_PER_LEASE = 3;

export interface RedisLeaseOptions<EntryType extends Entry> {
  readonly endpoint: RedisEndpoint;
  readonly clock: Clock;
  readonly entry: EntryType;
  readonly token: string;
  readonly leaseMs: number;
  /** Registers the entry anew, e.g. after Redis came back empty. */
  readonly put: () => Promise<Refusal | null>;
  /** The record as it is to stand in Redis now. */
  readonly envelope: () => string;
  /** Whether what stands in our place is not believed: it is then put aside. */
  readonly isForged: () => Promise<boolean>;
  /** The record was changed or removed: others may want to read it. */
  readonly changed: () => void;
}

/**
 * Renews one record in Redis until somebody else stands in its place. While Redis is away it keeps trying; a record that is gone when it is
 * back, because its deadline passed or everything was lost, is registered anew.
 */
export class RedisLease<EntryType extends Entry> implements RecordLease<EntryType['record']> {
  readonly #options: RedisLeaseOptions<EntryType>;
  readonly #id: string;
  readonly #cancelRenewal: CancelTimer;
  /** Calls to Redis, one after the other, so that no old record overtakes a new one. */
  #queue: Promise<unknown> = Promise.resolve();
  /** A renewal that has not begun: whoever wants another one means the same. While Redis is silent no queue grows. */
  #waiting: Promise<void> | null = null;
  #state: LeaseState = { kind: 'held' };
  /** What stands in Redis; null when it may be an older one. */
  #written: string | null;

  constructor(options: RedisLeaseOptions<EntryType>) {
    this.#options = options;
    this.#id = idOf(options.entry);
    this.#written = options.envelope();
    this.#cancelRenewal = options.clock.every(options.leaseMs / RENEWALS_PER_LEASE, () => void this.renew());
  }

  state(): LeaseState {
    return this.#state;
  }

  /** Renews now instead of at the next turn; never rejects. */
  renew(): Promise<void> {
    this.#waiting ??= this.#inTurn(async () => {
      this.#waiting = null;
      await this.#renew().catch(() => undefined);
    });
    return this.#waiting;
  }

  /** While Redis is away the record is written once it is back. */
  async update(record: EntryType['record']): Promise<UpdateOutcome> {
    const { entry } = this.#options;
    if (this.#state.kind !== 'held') return { kind: 'notHeld' };
    const refusal = replaceRecord(entry, record);
    if (refusal !== null) return refusal;
    this.#written = null;
    await this.renew();
    return this.#heldStill() ? { kind: 'updated' } : { kind: 'notHeld' };
  }

  async release(): Promise<void> {
    if (this.#state.kind !== 'held') return;
    this.#end({ kind: 'released' });
    const { endpoint, token, changed } = this.#options;
    await this.#inTurn(async () => {
      // When Redis is away the deadline does it.
      await endpoint.release(this.#id, token).catch(() => undefined);
      changed();
    });
  }

  async leave(keepMs: number): Promise<void> {
    if (this.#state.kind !== 'held') return;
    const { endpoint, token } = this.#options;
    // When Redis is away the record goes with its last deadline.
    await this.#inTurn(() => endpoint.renew(this.#id, token, keepMs, null)).catch(() => undefined);
    this.abandon();
  }

  abandon(): void {
    if (this.#state.kind === 'held') this.#end({ kind: 'abandoned' });
  }

  #heldStill(): boolean {
    return this.#state.kind === 'held';
  }

  async #renew(): Promise<void> {
    if (this.#state.kind !== 'held') return;
    const { endpoint, token, leaseMs, changed, isForged } = this.#options;
    // Another one also when the keys of its seal have changed.
    const envelope = this.#options.envelope();
    const isNews = envelope !== this.#written;
    const answer = await endpoint.renew(this.#id, token, leaseMs, isNews ? envelope : null);
    if (!this.#heldStill()) return;
    if (answer.kind === 'superseded' && !(await isForged())) {
      this.#end({ kind: 'superseded', by: answer.by === '' ? null : incarnation(answer.by) });
      return;
    }
    if (answer.kind !== 'ok') await this.#putAnew();
    if (isNews) changed();
    this.#written = envelope;
  }

  async #putAnew(): Promise<void> {
    const refusal = await this.#options.put();
    if (refusal !== null) this.#end({ kind: 'lost', code: refusal.code, message: refusal.message });
  }

  #inTurn<Value>(call: () => Promise<Value>): Promise<Value> {
    const turn = this.#queue.then(call);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  #end(state: LeaseState): void {
    this.#state = state;
    this.#cancelRenewal();
  }
}
