import type { PoolConfig, PoolRole, PoolSettings, PoolState } from '@kvasir/pool-policy';
import type { Logger } from '@kvasir/service';
import { PoolLink } from './pool-link.js';
import type { PoolLinkParts } from './pool-link.js';

/** What may be changed of a pool while it runs. */
export interface PoolChange {
  readonly isDraining?: boolean | undefined;
  readonly weight?: number | undefined;
}

/**
 * The pools there are: those of the configuration, as changed by hand. What was changed by hand lasts as long as this process, and until the
 * configuration says something else of the same pool.
 */
export class Pools {
  readonly #parts: PoolLinkParts;
  readonly #logger: Logger;
  readonly #removed: (name: string) => void;
  readonly #links = new Map<string, PoolLink>();
  /** As the configuration had them when it was last applied. */
  #configured = new Map<string, PoolConfig>();
  #settings: PoolSettings;

  constructor(
    settings: PoolSettings,
    parts: Omit<PoolLinkParts, 'reportTtlMs'> & {
      readonly logger: Logger;
      /** Told of each pool that there is no more. */
      readonly removed: (name: string) => void;
    },
  ) {
    this.#settings = settings;
    this.#parts = { ...parts, reportTtlMs: () => this.#settings.reportTtlMs };
    this.#logger = parts.logger;
    this.#removed = parts.removed;
  }

  get settings(): PoolSettings {
    return this.#settings;
  }

  /** Takes a configuration: pools that it changes, adds or no longer has; those that were added by hand stay. */
  apply(settings: PoolSettings): void {
    this.#settings = settings;
    const before = this.#configured;
    this.#configured = new Map(settings.pools.map((pool) => [pool.name, pool]));
    for (const name of before.keys()) if (!this.#configured.has(name)) this.remove(name);
    for (const pool of settings.pools) if (!isSame(pool, before.get(pool.name))) this.put(pool);
  }

  /** Adds a pool, or replaces what is known of it. */
  put(pool: PoolConfig): void {
    const known = this.#links.get(pool.name);
    if (known?.config.endpoint === pool.endpoint && known.config.role === pool.role) {
      known.configure(pool);
      return;
    }
    known?.close();
    this.#links.set(pool.name, new PoolLink(pool, this.#parts));
    this.#logger.info({ pool: pool.name, endpoint: pool.endpoint, role: pool.role }, 'pool added');
  }

  /** @returns false when there is no such pool. */
  change(name: string, { isDraining, weight }: PoolChange): boolean {
    const link = this.#links.get(name);
    if (link === undefined) return false;
    if (isDraining !== undefined) link.setDraining(isDraining);
    if (weight !== undefined) link.configure({ ...link.config, weight });
    this.#logger.info({ pool: name, isDraining, weight }, 'pool changed');
    return true;
  }

  /** Takes no new requests for it; those that run are not affected. @returns false when there is no such pool. */
  remove(name: string): boolean {
    const link = this.#links.get(name);
    if (link === undefined) return false;
    this.#links.delete(name);
    link.close();
    this.#removed(name);
    this.#logger.info({ pool: name }, 'pool removed');
    return true;
  }

  get(name: string): PoolLink | null {
    return this.#links.get(name) ?? null;
  }

  all(): readonly PoolLink[] {
    return [...this.#links.values()];
  }

  ofRole(role: PoolRole): readonly PoolLink[] {
    return this.all().filter(({ config }) => config.role === role);
  }

  states(): readonly PoolState[] {
    return this.all().map((link) => link.state());
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }
}

const isSame = (one: PoolConfig, other: PoolConfig | undefined): boolean =>
  JSON.stringify(one) === JSON.stringify(other);
