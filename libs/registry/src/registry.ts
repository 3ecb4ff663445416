import type { EndpointName, PoolRecord, RouterRecord, WorkerRecord } from '@kvasir/contract';

export type RegisterOutcome =
  | { readonly kind: 'registered'; readonly lease: Lease }
  /** The pool's other members have another block size (or model); nothing was changed. */
  | {
      readonly kind: 'refused';
      readonly code: 'REGISTRY_BLOCK_SIZE_MISMATCH' | 'REGISTRY_MODEL_MISMATCH';
      readonly message: string;
    };

/** Keeps one record alive. The owner renews by itself until `release` or until the process dies. */
export interface Lease {
  /** Replaces the record, e.g. to say that it is draining. */
  update(record: WorkerRecord | RouterRecord): Promise<void>;
  /** Removes the record at once. Idempotent. */
  release(): Promise<void>;
}

/** All that is alive at one endpoint, as one consistent view. Records are ordered by id. */
export interface EndpointView {
  readonly workers: readonly WorkerRecord[];
  readonly routers: readonly RouterRecord[];
  /** Null until somebody has registered or claimed the pool. */
  readonly pool: PoolRecord | null;
  /** False while the store cannot be reached: the view is the last one known and serving goes on. */
  readonly isFresh: boolean;
}

export interface RegistryWatch {
  /** The newest view; never throws. */
  view(): EndpointView;
  close(): void;
}

/** Workers, routers and pools under leases. Every watch is a list, changes, and a periodic list again, so no lost message keeps a dead address alive. */
export interface Registry {
  registerWorker(record: WorkerRecord, leaseMs: number): Promise<RegisterOutcome>;
  registerRouter(record: RouterRecord, leaseMs: number): Promise<RegisterOutcome>;
  /**
   * Fixes a pool's block size before any worker is there (a router started with `--block-size`), or confirms it.
   * @returns the pool that holds afterwards; its `blockSize` differs from the wanted one when others were first.
   */
  claimPool(pool: PoolRecord): Promise<PoolRecord>;
  /** Calls back with the current view once it is known, then at every change, in order. */
  watch(endpoint: EndpointName, changed: (view: EndpointView) => void): RegistryWatch;
  /** Endpoints that have a pool in a namespace. Calls back like `watch`. */
  watchEndpoints(namespace: string, changed: (endpoints: readonly EndpointName[]) => void): { close(): void };
  health():
    | { readonly kind: 'connected' }
    | { readonly kind: 'disconnected'; readonly sinceMs: number; readonly reason: string };
  close(): Promise<void>;
}
