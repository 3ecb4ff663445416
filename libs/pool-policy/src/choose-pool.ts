import { eligiblePools, labelValue } from './eligible-pools.js';
import { gridDistances, placeInGrid } from './grid.js';
import type { GridPlace } from './grid.js';
import type { PoolPolicyName, PoolSettings } from './pool-settings.js';
import type { PoolProbe, PoolRequest, PoolState, RefusedPool } from './pool-state.js';
import { poolPressures } from './pressure.js';
import type { PoolPressure } from './pressure.js';

/** One pool of an order, with what spoke for it. */
export interface RankedPool {
  readonly pool: string;
  /** Work in flight per capacity and weight; null when nothing fresh is known. */
  readonly pressure: number | null;
  readonly isSaturated: boolean;
  /** What its router would charge; null when it was not asked or did not answer. */
  readonly cost: number | null;
  /** True for a pool of the request's grid cell. */
  readonly inCell: boolean;
}

export type ChoiceReason = 'only' | 'affinity' | 'override' | 'grid' | 'probe' | 'load';

export type PoolChoice =
  | {
      readonly kind: 'chosen';
      /** The choice, then where to go when it fails. Not empty. */
      readonly order: readonly RankedPool[];
      /** One index per axis; null without a grid. */
      readonly cell: readonly number[] | null;
      readonly reason: ChoiceReason;
      /** The pool that would have been chosen had it not been saturated. */
      readonly spilledFrom: string | null;
      readonly refused: readonly RefusedPool[];
    }
  | { readonly kind: 'none'; readonly refused: readonly RefusedPool[] };

export interface ChoiceContext {
  readonly nowMs: number;
  /** Null when nobody was asked. */
  readonly probes: readonly PoolProbe[] | null;
  /** In [0, 1): breaks ties, differently in each replica, so that they do not all fall on the same pool. */
  readonly random: () => number;
}

/** A pool and its place by each policy; lower is better. */
interface Candidate extends RankedPool {
  readonly state: PoolState;
  readonly topology: number;
  readonly keys: { readonly [Policy in PoolPolicyName]: number };
  readonly tie: number;
}

/**
 * Chooses a pool: who is eligible, then topology, then the policies in their order, then chance; a session's own pool comes first while it is not
 * saturated, and a saturated choice spills over to the first that is not. Same inputs and random numbers, same answer. O(pools · log pools + cells).
 */
export function choosePool(
  request: PoolRequest,
  pools: readonly PoolState[],
  settings: PoolSettings,
  context: ChoiceContext,
): PoolChoice {
  const { eligible, refused } = eligiblePools(request, pools, settings, context.nowMs);
  if (eligible.length === 0) return { kind: 'none', refused };
  const grid = settings.grids[request.role];
  const place = grid === null ? null : placeInGrid(grid, request, settings);
  const ranked = rank(eligible, request, settings, { ...context, place });
  const bound = ranked.find(({ pool, isSaturated }) => pool === request.boundPool && !isSaturated);
  const [first] = ranked;
  const free =
    bound ?? (first?.isSaturated === true ? ranked.find(({ isSaturated }) => !isSaturated) : undefined);
  const chosen = free ?? first;
  if (chosen === undefined || first === undefined) return { kind: 'none', refused };
  const rest = ranked.filter((candidate) => candidate !== chosen);
  return {
    kind: 'chosen',
    order: [chosen, ...fallbacks(chosen, rest, settings)].map(plain),
    cell: place?.cell ?? null,
    reason: bound === undefined ? reasonOf(ranked, settings, place) : 'affinity',
    spilledFrom: bound === undefined && chosen !== first ? first.pool : null,
    refused,
  };
}

function rank(
  eligible: readonly PoolState[],
  request: PoolRequest,
  settings: PoolSettings,
  context: ChoiceContext & { readonly place: GridPlace | null },
): readonly Candidate[] {
  const { place, probes, random, nowMs } = context;
  const grid = settings.grids[request.role];
  const distances = grid === null || place === null ? null : gridDistances(grid, place);
  const pressures = poolPressures(eligible, settings, nowMs);
  const candidates = eligible.map((state): Candidate => {
    const { name, labels } = state.config;
    const { pressure, isSaturated } = pressures.get(name) ?? UNKNOWN;
    const cost = costOf(name, probes);
    return {
      ...{ pool: name, pressure, isSaturated, cost, state },
      inCell: place?.pools.includes(name) ?? false,
      topology: isElsewhere(labels, request, settings) ? 1 : 0,
      keys: {
        grid: distances === null ? 0 : (distances.get(name) ?? Infinity),
        // Who does not answer comes after everybody who does.
        probe: probes === null ? 0 : (cost ?? Infinity),
        load: pressure ?? Infinity,
      },
      tie: random(),
    };
  });
  return candidates.sort((one, other) => compare(one, other, settings.policies));
}

const UNKNOWN: PoolPressure = { pressure: null, isSaturated: false };

function compare(one: Candidate, other: Candidate, policies: readonly PoolPolicyName[]): number {
  if (one.topology !== other.topology) return one.topology - other.topology;
  for (const policy of policies)
    if (one.keys[policy] !== other.keys[policy]) return one.keys[policy] < other.keys[policy] ? -1 : 1;
  return one.tie - other.tie;
}

function costOf(pool: string, probes: readonly PoolProbe[] | null): number | null {
  const outcome = probes?.find((probe) => probe.pool === pool)?.outcome;
  return outcome?.kind === 'answered' ? outcome.cost : null;
}

/** True for a pool that is not where the other leg's is, when they had better be together. */
function isElsewhere(
  labels: readonly string[],
  { partnerLabels }: PoolRequest,
  { topology }: PoolSettings,
): boolean {
  if (topology === null || partnerLabels === null) return false;
  return labelValue(labels, topology.label) !== labelValue(partnerLabels, topology.label);
}

/** The policy that put the first before the second. */
function reasonOf(
  ranked: readonly Candidate[],
  settings: PoolSettings,
  place: GridPlace | null,
): ChoiceReason {
  const [first, second] = ranked;
  if (first === undefined || second === undefined) return 'only';
  const decided = settings.policies.find((policy) => first.keys[policy] !== second.keys[policy]);
  if (decided === 'grid' && place?.isOverride === true) return 'override';
  return decided ?? settings.policies.at(-1) ?? 'load';
}

function fallbacks(
  chosen: Candidate,
  rest: readonly Candidate[],
  { failOver }: PoolSettings,
): readonly Candidate[] {
  if (failOver === 'any') return rest;
  if (failOver === 'none') return [];
  const own = chosen.state.config.priority;
  // From the nearest to the fastest.
  return rest
    .filter(({ state }) => state.config.priority < own)
    .toSorted((one, other) => other.state.config.priority - one.state.config.priority);
}

const plain = ({ pool, pressure, isSaturated, cost, inCell }: Candidate): RankedPool => ({
  ...{ pool, pressure, isSaturated, cost, inCell },
});
