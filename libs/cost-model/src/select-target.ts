import type { Prng } from '@kvasir/units';
import type { CandidateColumns } from './columns.js';

/** How a target is picked. The last two look at no cost. */
export type SelectionPolicy =
  | { readonly kind: 'lowestCost' }
  /** Samples; a higher temperature spreads more, 0 is `lowestCost`. */
  | { readonly kind: 'softmax'; readonly temperature: number }
  /** The eligible target whose last turn is longest ago, by number when several have had none. */
  | { readonly kind: 'roundRobin' }
  /** Any eligible target, evenly. */
  | { readonly kind: 'random' };

/** What picking needs besides costs. */
export interface Selection {
  readonly policy: SelectionPolicy;
  readonly prng: Prng;
  /** Per target the number of its last turn, 0 for none; only `roundRobin` reads it, and whoever books writes it. */
  readonly lastTurns: Float64Array;
}

/** Costs this close to the least, relative to it, count as equal, so that rounding does not decide. */
const COST_TOLERANCE = 1e-9;

/**
 * Picks a target.
 *
 * Ties of `lowestCost` break by fewer active requests, then fewer active prefill tokens, then at random by `prng`: an order by id would
 * send all of an idle pool's first requests to one target, and every router's to the same one.
 *
 * `softmax` samples with probability proportional to exp(−(c − min) / ((max − min) · temperature)); equal costs are drawn evenly
 * (min-max normalised form after NVIDIA Dynamo's routing documentation). What a temperature means does not depend on the costs' scale.
 *
 * `roundRobin` asks for the longest wait, so that all get their turns also when who is eligible changes from request to request:
 * a count of turns modulo the eligible, or going on from the last target, can leave one out for good.
 *
 * @param costs as `computeCosts` fills them; not read by `roundRobin` and `random`.
 * @returns the target, or null when none is eligible. O(targets), no allocation.
 * @throws RangeError for a temperature that is not a finite number of at least 0.
 */
export function selectTarget(
  columns: CandidateColumns,
  costs: Float64Array,
  { policy, prng, lastTurns }: Selection,
): number | null {
  switch (policy.kind) {
    case 'lowestCost':
      return lowestCost(columns, costs, prng);
    case 'softmax':
      checkTemperature(policy.temperature);
      return policy.temperature === 0
        ? lowestCost(columns, costs, prng)
        : sampleByCost(columns, costs, policy.temperature, prng);
    case 'roundRobin':
      return longestWaiting(columns, lastTurns);
    case 'random':
      return anyEligible(columns, prng);
  }
}

/** @throws RangeError when it is not a finite number of at least 0. */
export function checkTemperature(temperature: number): void {
  if (Number.isFinite(temperature) && temperature >= 0) return;
  throw new RangeError(
    `Cannot select: temperature must be a finite number of at least 0, received ${temperature}`,
  );
}

function lowestCost(columns: CandidateColumns, costs: Float64Array, prng: Prng): number | null {
  const { targetCount, activeRequests, activePrefillTokens } = columns;
  const least = leastCost(targetCount, costs);
  if (least === Infinity) return null;
  const limit = least + COST_TOLERANCE * Math.max(1, least);
  let best = -1;
  let bestRequests = Infinity;
  let bestPrefill = Infinity;
  let equals = 0;
  for (let target = 0; target < targetCount; target += 1) {
    if (!((costs[target] ?? Infinity) <= limit)) continue;
    const requests = activeRequests[target] ?? 0;
    const prefill = activePrefillTokens[target] ?? 0;
    const order = requests - bestRequests || prefill - bestPrefill;
    if (order > 0) continue;
    equals = order < 0 ? 1 : equals + 1;
    // Reservoir sampling: each of the n equals is kept with probability 1 / n.
    if (equals > 1 && prng() * equals >= 1) continue;
    best = target;
    bestRequests = requests;
    bestPrefill = prefill;
  }
  return best;
}

function leastCost(targetCount: number, costs: Float64Array): number {
  let least = Infinity;
  for (let target = 0; target < targetCount; target += 1) {
    const cost = costs[target] ?? Infinity;
    if (cost < least) least = cost;
  }
  return least;
}

function sampleByCost(
  columns: CandidateColumns,
  costs: Float64Array,
  temperature: number,
  prng: Prng,
): number | null {
  const { targetCount } = columns;
  const least = leastCost(targetCount, costs);
  if (least === Infinity) return null;
  let most = least;
  for (let target = 0; target < targetCount; target += 1) {
    const cost = costs[target] ?? Infinity;
    if (cost !== Infinity && cost > most) most = cost;
  }
  const scale = (most - least) * temperature;
  // A temperature so small that the product vanishes leaves nothing to chance.
  if (scale === 0 && most > least) return lowestCost(columns, costs, prng);
  // Weighted reservoir sampling: one pass and one exponential per target, where a walk over sums needs two.
  let sum = 0;
  let chosen: number | null = null;
  for (let target = 0; target < targetCount; target += 1) {
    const cost = costs[target] ?? Infinity;
    if (cost === Infinity) continue;
    const weight = scale === 0 ? 1 : Math.exp((least - cost) / scale);
    sum += weight;
    if (prng() * sum < weight) chosen = target;
  }
  return chosen;
}

function longestWaiting(
  { targetCount, isEligible }: CandidateColumns,
  lastTurns: Float64Array,
): number | null {
  let chosen: number | null = null;
  let earliest = Infinity;
  for (let target = 0; target < targetCount; target += 1) {
    const turn = lastTurns[target] ?? 0;
    if (isEligible[target] !== 1 || turn >= earliest) continue;
    chosen = target;
    earliest = turn;
  }
  return chosen;
}

function anyEligible({ targetCount, isEligible }: CandidateColumns, prng: Prng): number | null {
  let eligibleCount = 0;
  for (let target = 0; target < targetCount; target += 1) eligibleCount += isEligible[target] === 1 ? 1 : 0;
  let left = Math.floor(prng() * eligibleCount);
  for (let target = 0; target < targetCount; target += 1) {
    if (isEligible[target] !== 1) continue;
    if (left === 0) return target;
    left -= 1;
  }
  return null;
}
