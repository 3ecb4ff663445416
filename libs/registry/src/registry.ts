import type { EndpointName, PoolRecord, RouterRecord, WorkerRecord } from '@kvasir/contract';
import type { Incarnation, RouterId } from '@kvasir/units';
import type { RefusalCode } from './errors.js';

/** Nothing was changed. The message is one sentence for a person and names both values of a mismatch. */
export interface Refusal {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  readonly message: string;
}

export type RegisterOutcome<RecordType extends WorkerRecord | RouterRecord = WorkerRecord | RouterRecord> =
  { readonly kind: 'registered'; readonly lease: RecordLease<RecordType> } | Refusal;

export type ClaimOutcome =
  /** `pool` is what holds now: the claimed values, and the model of the workers when there are any. */
  | { readonly kind: 'claimed'; readonly pool: PoolRecord; readonly lease: Lease }
  /** `pool` is what the others have agreed on. */
  | (Refusal & { readonly pool: PoolRecord | null });

export type LeaseState =
  | { readonly kind: 'held' }
  /** Somebody else has registered under the same id since; this owner's messages change nothing any more. */
  | { readonly kind: 'superseded'; readonly by: Incarnation | null }
  /** The owner was stalled beyond its deadline and could not come back. */
  | { readonly kind: 'lost'; readonly code: RefusalCode; readonly message: string }
  /** Not renewed any more; the record goes when its deadline passes. */
  | { readonly kind: 'abandoned' }
  | { readonly kind: 'released' };

/** Keeps something alive. The owner renews by itself until `release`, or until it dies: then the deadline passes and consumers drop the record. */
export interface Lease {
  state(): LeaseState;
  /** Removes the record at once; does nothing when the lease is not held any more. Idempotent. */
  release(): Promise<void>;
  /** Stops renewing and leaves the record to its deadline, as the owner's death would. */
  abandon(): void;
  /** Renews once more, so that the record outlives its owner by `keepMs`, and abandons it: whoever comes next takes it over. */
  leave(keepMs: number): Promise<void>;
}

export type UpdateOutcome = { readonly kind: 'updated' } | { readonly kind: 'notHeld' } | Refusal;

export interface RecordLease<RecordType> extends Lease {
  /**
   * Replaces the record, e.g. to say that it is draining. Id, incarnation, endpoint, block size and model stay what they are.
   * `notHeld`: the lease was lost, and nothing was changed.
   */
  update(record: RecordType): Promise<UpdateOutcome>;
}

/** All that is alive at one endpoint, as one consistent view. Records are ordered by id. Never changed after it was handed out. */
export interface EndpointView {
  readonly workers: readonly WorkerRecord[];
  readonly routers: readonly RouterRecord[];
  /** Null while nobody has registered a worker or claimed the pool. */
  readonly pool: PoolRecord | null;
  /** False while the store cannot be reached: the view is the last one known and serving goes on. */
  readonly isFresh: boolean;
}

export interface RegistryWatch {
  /** The newest view; never throws. */
  view(): EndpointView;
  /** Nothing is called back after it returns. Idempotent. */
  close(): void;
}

export type RegistryHealth =
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly sinceMs: number; readonly reason: string };

/**
 * Workers, routers and pools under leases. Every watch is a list, changes, and a periodic list again, so no lost message keeps a dead address alive.
 *
 * Expected trouble is an outcome; every method that reaches a store throws `RegistryError` `REGISTRY_CLOSED` after `close`.
 */
export interface Registry {
  /**
   * Puts a worker into its endpoint's pool. The first one fixes the pool's block size and model; who differs is refused.
   * A record of the same id is superseded, unless it is of a newer incarnation: then this one is refused.
   * @param leaseMs how long the record outlives its owner, in ms; more than 0.
   */
  registerWorker(record: WorkerRecord, leaseMs: number): Promise<RegisterOutcome<WorkerRecord>>;
  /** Makes a router known. Does not hold the pool: for that it claims it. */
  registerRouter(record: RouterRecord, leaseMs: number): Promise<RegisterOutcome<RouterRecord>>;
  /**
   * Fixes a pool's block size before any worker is there (a router started with `--block-size`), or confirms it, and keeps the pool while the lease is held.
   * A null model agrees with every model.
   */
  claimPool(pool: PoolRecord, routerId: RouterId, leaseMs: number): Promise<ClaimOutcome>;
  /**
   * Calls back with the current view once it is known, then when it has changed: in order, never re-entrantly, never with an older view than before.
   * Views that were outdated before they could be handed over are skipped.
   */
  watch(endpoint: EndpointName, changed: (view: EndpointView) => void): RegistryWatch;
  /** Endpoints that have a pool in a namespace, by name. Calls back like `watch`. */
  watchEndpoints(namespace: string, changed: (endpoints: readonly EndpointName[]) => void): { close(): void };
  health(): RegistryHealth;
  /** Releases every lease taken here and ends every watch. Idempotent. */
  close(): Promise<void>;
}
