import { formatEndpointName } from '@kvasir/contract';
import type { EndpointName } from '@kvasir/contract';
import type { Registry, RegistryWatch } from '@kvasir/registry';

/** Endpoints beside the own ones that are looked at. */
const ENDPOINTS_MAX = 64;

/** Who else is in a namespace: for a person who wonders where the workers are. */
export class Neighbours {
  readonly #registry: Registry;
  readonly #own: ReadonlySet<string>;
  readonly #watches = new Map<string, RegistryWatch>();
  #endpoints: { close(): void } | null = null;

  /** @param own names of endpoints that are followed anyway. */
  constructor(registry: Registry, own: readonly string[]) {
    this.#registry = registry;
    this.#own = new Set(own);
  }

  start(namespace: string): void {
    this.#endpoints ??= this.#registry.watchEndpoints(namespace, (names) => this.#follow(names));
  }

  close(): void {
    this.#endpoints?.close();
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
  }

  /** Endpoints and how many workers each has. */
  all(): readonly { readonly name: string; readonly workers: number }[] {
    return [...this.#watches].map(([name, watch]) => ({ name, workers: watch.view().workers.length }));
  }

  #follow(endpoints: readonly EndpointName[]): void {
    const wanted = new Map(endpoints.map((endpoint) => [formatEndpointName(endpoint), endpoint]));
    for (const [name, watch] of this.#watches) {
      if (wanted.has(name)) continue;
      watch.close();
      this.#watches.delete(name);
    }
    for (const [name, endpoint] of wanted) {
      if (this.#own.has(name) || this.#watches.has(name) || this.#watches.size >= ENDPOINTS_MAX) continue;
      this.#watches.set(
        name,
        this.#registry.watch(endpoint, () => undefined),
      );
    }
  }
}
