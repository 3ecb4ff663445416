import type { PoolSettings } from './pool-settings.js';
import type { PoolState } from './pool-state.js';

export interface PoolPressure {
  /** Work in flight per capacity and weight; null when nothing fresh is known. */
  readonly pressure: number | null;
  readonly isSaturated: boolean;
}

/**
 * How full each pool is: what its routers last said plus what was sent there since, so that a choice counts before it is reported. Divided by
 * what it can take when all pools that are compared say that, else by weight alone, because counts of unlike pools cannot be compared with parts.
 */
export function poolPressures(
  pools: readonly PoolState[],
  settings: PoolSettings,
  nowMs: number,
): ReadonlyMap<string, PoolPressure> {
  const capacities = pools.map(({ config, report }) => config.requestsMax ?? report?.requestsMax ?? null);
  const areComparable = capacities.every((capacity) => capacity !== null);
  return new Map(
    pools.map((pool, index): [string, PoolPressure] => {
      const { config, report, assignedSinceReport } = pool;
      if (report === null || nowMs - report.atMs > settings.reportTtlMs)
        return [config.name, { pressure: null, isSaturated: false }];
      const requests = report.requestsActive + assignedSinceReport;
      const capacity = capacities[index] ?? null;
      const pressure = requests / ((areComparable ? (capacity ?? 1) : 1) * config.weight);
      const limit = settings.spillOver?.pressureMax ?? Infinity;
      // A limit is a part of what the pool can take, whatever is compared.
      const part = capacity === null ? null : requests / capacity;
      return [config.name, { pressure, isSaturated: report.isSaturated || (part ?? 0) >= limit }];
    }),
  );
}
