import { formatEndpointName } from '@kvasir/contract';
import type { EndpointName, WorkerRecord } from '@kvasir/contract';
import { ApiKey, readApiKey } from '@kvasir/engine-watch';
import type { ApiKeySource } from '@kvasir/engine-watch';
import type { EndpointView, Registry, RegistryWatch } from '@kvasir/registry';
import { ServiceError } from '@kvasir/service';
import type { Clock } from '@kvasir/service';

export interface EngineKeyValues {
  readonly engineApiKeyFile: string | null;
  readonly engineApiKeyEnv: string | null;
}

/**
 * The key that this process gives to engines whose record says that they need one. It goes to nobody else: an engine that asks for none has no use for it.
 */
export class EngineKeys {
  readonly #key: ApiKey | null;
  /** Base URLs of engines that need a key, by the endpoint that they are registered at. */
  readonly #needing = new Map<string, ReadonlySet<string>>();

  /** @throws ServiceError `SERVICE_BAD_CONFIGURATION` when the key cannot be read. */
  constructor({ engineApiKeyFile: path, engineApiKeyEnv: name }: EngineKeyValues, clock: Clock) {
    const source: ApiKeySource | null =
      path !== null ? { kind: 'file', path } : name !== null ? { kind: 'env', name } : null;
    const reading = source === null ? null : readApiKey(source);
    if (reading?.kind === 'unusable')
      throw new ServiceError(
        'SERVICE_BAD_CONFIGURATION',
        `--engine-api-key-${path !== null ? 'file' : 'env'} cannot be used: ${reading.reason}`,
      );
    this.#key = source === null ? null : new ApiKey(source, () => clock.nowMs());
  }

  /** What goes into the header `authorization` to an engine; null when it needs none, or there is none. */
  authorizationOf(url: string): string | null {
    if (this.#key === null) return null;
    for (const urls of this.#needing.values()) if (urls.has(url)) return this.#key.authorization();
    return null;
  }

  /** The same as far as a record goes. */
  keyOf({ needsApiKey }: WorkerRecord): Pick<ApiKey, 'authorization'> | null {
    return needsApiKey === true ? this.#key : null;
  }

  /** A registry whose views are looked through for engines that need a key. */
  noting(registry: Registry): Registry {
    const watch = (endpoint: EndpointName, changed: (view: EndpointView) => void): RegistryWatch =>
      registry.watch(endpoint, (view) => {
        this.#note(endpoint, view);
        changed(view);
      });
    return {
      registerWorker: (record, leaseMs) => registry.registerWorker(record, leaseMs),
      registerRouter: (record, leaseMs) => registry.registerRouter(record, leaseMs),
      claimPool: (pool, routerId, leaseMs) => registry.claimPool(pool, routerId, leaseMs),
      watch,
      watchEndpoints: (namespace, changed) => registry.watchEndpoints(namespace, changed),
      health: () => registry.health(),
      close: () => registry.close(),
    };
  }

  #note(endpoint: EndpointName, { workers }: EndpointView): void {
    const urls = workers.flatMap(({ url, needsApiKey }) => (needsApiKey === true ? [url] : []));
    const name = formatEndpointName(endpoint);
    if (urls.length === 0) this.#needing.delete(name);
    else this.#needing.set(name, new Set(urls));
  }
}
