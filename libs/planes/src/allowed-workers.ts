import { formatEndpointName } from '@kvasir/contract';
import type { EndpointName, PoolRecord, RouterRecord, WorkerRecord } from '@kvasir/contract';
import type {
  ClaimOutcome,
  EndpointView,
  RegisterOutcome,
  Registry,
  RegistryHealth,
  RegistryWatch,
} from '@kvasir/registry';
import type { RouterId } from '@kvasir/units';
import type { WorkerUrls } from './worker-urls.js';

/** Addresses that are remembered as told. */
const TOLD_MAX = 4_096;

/** A registry in which workers are not seen whose URL is not allowed. */
export class AllowedWorkers implements Registry {
  readonly #registry: Registry;
  readonly #urls: WorkerUrls;
  readonly #refused: (workerId: string, url: string) => void;
  readonly #told = new Set<string>();
  /** Who is refused now, by endpoint. */
  readonly #refusedNow = new Map<string, readonly WorkerRecord[]>();
  /** Views as they are seen, by what the registry handed out, so that the same view stays the same object. */
  readonly #seen = new WeakMap<EndpointView, EndpointView>();

  /** @param refused called once for each worker and URL. */
  constructor(registry: Registry, urls: WorkerUrls, refused: (workerId: string, url: string) => void) {
    this.#registry = registry;
    this.#urls = urls;
    this.#refused = refused;
  }

  registerWorker(record: WorkerRecord, leaseMs: number): Promise<RegisterOutcome<WorkerRecord>> {
    return this.#registry.registerWorker(record, leaseMs);
  }

  registerRouter(record: RouterRecord, leaseMs: number): Promise<RegisterOutcome<RouterRecord>> {
    return this.#registry.registerRouter(record, leaseMs);
  }

  claimPool(pool: PoolRecord, routerId: RouterId, leaseMs: number): Promise<ClaimOutcome> {
    return this.#registry.claimPool(pool, routerId, leaseMs);
  }

  watch(endpoint: EndpointName, changed: (view: EndpointView) => void): RegistryWatch {
    const watch = this.#registry.watch(endpoint, (view) => {
      const refused = view.workers.filter((worker) => !this.#isAllowed(worker));
      const name = formatEndpointName(endpoint);
      if (refused.length > 0) this.#refusedNow.set(name, refused);
      else this.#refusedNow.delete(name);
      changed(this.#allowed(view));
    });
    return { view: () => this.#allowed(watch.view()), close: () => watch.close() };
  }

  watchEndpoints(
    namespace: string,
    changed: (endpoints: readonly EndpointName[]) => void,
  ): { close(): void } {
    return this.#registry.watchEndpoints(namespace, changed);
  }

  /** Workers that are registered and not seen. */
  refusedWorkers(): readonly WorkerRecord[] {
    return [...this.#refusedNow.values()].flat();
  }

  health(): RegistryHealth {
    return this.#registry.health();
  }

  close(): Promise<void> {
    return this.#registry.close();
  }

  #allowed(view: EndpointView): EndpointView {
    const known = this.#seen.get(view);
    if (known !== undefined) return known;
    const workers = view.workers.filter((worker) => this.#isAllowed(worker));
    const seen = workers.length === view.workers.length ? view : { ...view, workers };
    this.#seen.set(view, seen);
    return seen;
  }

  #isAllowed({ workerId, url }: WorkerRecord): boolean {
    if (this.#urls.allows(url)) return true;
    const name = `${workerId} ${url}`;
    if (!this.#told.has(name)) {
      if (this.#told.size >= TOLD_MAX) this.#told.clear();
      this.#told.add(name);
      this.#refused(workerId, url);
    }
    return false;
  }
}
