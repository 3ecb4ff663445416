import type { PoolRole, PoolSettings } from './pool-settings.js';
import type { Ineligible, PoolRequest, PoolState, RefusedPool } from './pool-state.js';

export interface Eligibility {
  readonly eligible: readonly PoolState[];
  readonly refused: readonly RefusedPool[];
}

/**
 * Pools that can take a request. Those that failed lately are left out while there is another: a pool that nobody tries never comes back.
 * O(pools²) with a required topology, else O(pools).
 */
export function eligiblePools(
  request: PoolRequest,
  pools: readonly PoolState[],
  settings: PoolSettings,
  nowMs: number,
): Eligibility {
  const refused: RefusedPool[] = [];
  const able: PoolState[] = [];
  for (const pool of pools) {
    const reason = inability(pool, request, { settings, pools, nowMs });
    if (reason === null) able.push(pool);
    else refused.push({ pool: pool.config.name, reason });
  }
  const well = able.filter(({ isFailing }) => !isFailing);
  if (well.length === 0) return { eligible: able, refused };
  for (const { config, isFailing } of able)
    if (isFailing) refused.push({ pool: config.name, reason: 'failing' });
  return { eligible: well, refused };
}

interface Surroundings {
  readonly settings: PoolSettings;
  readonly pools: readonly PoolState[];
  readonly nowMs: number;
}

function inability(pool: PoolState, request: PoolRequest, around: Surroundings): Ineligible | null {
  const { config } = pool;
  if (config.role !== request.role) return 'wrongRole';
  if (pool.routerCount === 0) return 'noRouter';
  if (pool.isDraining) return 'draining';
  if (request.model !== null && pool.model !== null && request.model !== pool.model) return 'wrongModel';
  if (request.loraName !== null && pool.loraNames !== null && !pool.loraNames.includes(request.loraName))
    return 'noLora';
  if (freshReport(pool, around)?.workersReady === 0) return 'noWorkers';
  if (!request.requiredLabels.every((label) => config.labels.includes(label))) return 'label';
  return fitsTopology(pool, request, around) ? null : 'topology';
}

function fitsTopology(pool: PoolState, { role, partnerLabels }: PoolRequest, around: Surroundings): boolean {
  const { topology } = around.settings;
  if (topology?.mode !== 'required' || role === 'aggregated') return true;
  const value = labelValue(pool.config.labels, topology.label);
  if (partnerLabels !== null) return value === labelValue(partnerLabels, topology.label);
  if (role === 'decode') return true;
  return around.pools.some(
    (other) =>
      other.config.role === PARTNER &&
      isServing(other, around) &&
      labelValue(other.config.labels, topology.label) === value,
  );
}

const PARTNER: PoolRole = 'decode';

const isServing = (pool: PoolState, around: Surroundings): boolean =>
  pool.routerCount > 0 && !pool.isDraining && freshReport(pool, around)?.workersReady !== 0;

function freshReport({ report }: PoolState, { settings, nowMs }: Surroundings) {
  return report !== null && nowMs - report.atMs <= settings.reportTtlMs ? report : null;
}

/** The value of `label=value`; null when it is not there. */
export function labelValue(labels: readonly string[], label: string): string | null {
  const found = labels.find((text) => text.startsWith(`${label}=`));
  return found === undefined ? null : found.slice(label.length + 1);
}
