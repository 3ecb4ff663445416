import {
  formatEndpointName,
  type EndpointName,
  type PoolRecord,
  type RouterRecord,
  type WorkerRecord,
} from '@kvasir/contract';
import type { Clock } from '@kvasir/service';
import type { RouterId } from '@kvasir/units';
import { sameEndpoints } from './endpoint-view.js';
import { closedError } from './errors.js';
import { InProcessLease } from './in-process-lease.js';
import type { Entry } from './entries.js';
import { InProcessStore, type RegistryLimits } from './in-process-store.js';
import { admissionProblem } from './record-problem.js';
import type {
  ClaimOutcome,
  EndpointView,
  Lease,
  Refusal,
  RegisterOutcome,
  Registry,
  RegistryHealth,
  RegistryWatch,
} from './registry.js';
import { Watcher } from './watcher.js';

export const REGISTRY_LIMITS: RegistryLimits = { recordsPerEndpointMax: 10_000 };

export interface InProcessRegistryOptions {
  /** Against which leases run out. */
  readonly clock: Clock;
  readonly limits?: Partial<RegistryLimits> | undefined;
  /** A watch's callback threw: the other watches and the next change are not affected. */
  readonly onWatchFailed?: ((error: unknown) => void) | undefined;
}

/**
 * The registry of one process. Every component may share one object, or take its own connection (`connect`) to the same records,
 * which then releases only its own leases when it closes.
 */
export class InProcessRegistry implements Registry {
  readonly #options: InProcessRegistryOptions;
  readonly #clock: Clock;
  readonly #store: InProcessStore;
  readonly #leases = new Set<Lease>();
  readonly #watches = new Set<() => void>();
  #closedAtMs: number | null = null;

  constructor(options: InProcessRegistryOptions, store?: InProcessStore) {
    this.#options = options;
    this.#clock = options.clock;
    this.#store = store ?? new InProcessStore(options.clock, { ...REGISTRY_LIMITS, ...options.limits });
  }

  /** Another connection to the same records. */
  connect(): InProcessRegistry {
    return new InProcessRegistry(this.#options, this.#store);
  }

  registerWorker(record: WorkerRecord, leaseMs: number): Promise<RegisterOutcome<WorkerRecord>> {
    return settled(() => this.#register({ kind: 'worker', record, deadlineMs: 0 }, leaseMs));
  }

  registerRouter(record: RouterRecord, leaseMs: number): Promise<RegisterOutcome<RouterRecord>> {
    return settled(() => this.#register({ kind: 'router', record, deadlineMs: 0 }, leaseMs));
  }

  claimPool(record: PoolRecord, routerId: RouterId, leaseMs: number): Promise<ClaimOutcome> {
    return settled(() => {
      const outcome = this.#register({ kind: 'claim', routerId, record, deadlineMs: 0 }, leaseMs);
      const { pool } = this.#store.view(record.endpoint);
      if (outcome.kind === 'refused') return { ...outcome, pool };
      return { kind: 'claimed', pool: pool ?? record, lease: outcome.lease };
    });
  }

  watch(endpoint: EndpointName, changed: (view: EndpointView) => void): RegistryWatch {
    const name = formatEndpointName(endpoint);
    const read = (): EndpointView => this.#store.view(endpoint);
    const watch = this.#watch({
      read,
      changed,
      concerns: (other) => formatEndpointName(other) === name,
      isSame: (one, other) => one === other,
    });
    return { view: read, close: () => watch.close() };
  }

  watchEndpoints(
    namespace: string,
    changed: (endpoints: readonly EndpointName[]) => void,
  ): { close(): void } {
    return this.#watch({
      read: () => this.#store.endpoints(namespace),
      changed,
      concerns: (endpoint) => endpoint.namespace === namespace,
      isSame: sameEndpoints,
    });
  }

  health(): RegistryHealth {
    return this.#closedAtMs === null
      ? { kind: 'connected' }
      : { kind: 'disconnected', sinceMs: this.#closedAtMs, reason: 'the registry has been closed' };
  }

  async close(): Promise<void> {
    if (this.#closedAtMs !== null) return;
    this.#closedAtMs = this.#clock.nowMs();
    for (const close of this.#watches) close();
    this.#watches.clear();
    await Promise.all([...this.#leases].map((lease) => lease.release()));
    this.#leases.clear();
  }

  #register<EntryType extends Entry>(
    entry: EntryType,
    leaseMs: number,
  ): { kind: 'registered'; lease: InProcessLease<EntryType> } | Refusal {
    this.#assertOpen();
    const problem = admissionProblem(entry, leaseMs);
    if (problem !== null) return problem;
    entry.deadlineMs = this.#clock.nowMs() + leaseMs;
    const refusal = this.#store.put(entry);
    if (refusal !== null) return refusal;
    const lease = new InProcessLease({ store: this.#store, clock: this.#clock, entry, leaseMs });
    for (const other of this.#leases) if (other.state().kind !== 'held') this.#leases.delete(other);
    this.#leases.add(lease);
    return { kind: 'registered', lease };
  }

  #watch<Value>(options: {
    readonly read: () => Value;
    readonly changed: (value: Value) => void;
    readonly concerns: (endpoint: EndpointName) => boolean;
    readonly isSame: (one: Value, other: Value) => boolean;
  }): { close(): void } {
    this.#assertOpen();
    const watcher = new Watcher({ ...options, onFailed: this.#options.onWatchFailed ?? (() => undefined) });
    const stopListening = this.#store.listen((endpoint) => {
      if (options.concerns(endpoint)) watcher.poke();
    });
    const close = (): void => {
      stopListening();
      watcher.close();
      this.#watches.delete(close);
    };
    this.#watches.add(close);
    return { close };
  }

  #assertOpen(): void {
    if (this.#closedAtMs !== null) throw closedError();
  }
}

/** Runs now; what it throws becomes a rejection. */
function settled<Value>(run: () => Value): Promise<Value> {
  return new Promise((resolve) => resolve(run()));
}
