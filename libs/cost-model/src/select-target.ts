import type { Prng } from '@kvasir/units';
import type { CandidateColumns } from './columns.js';

/** How a target is picked from the costs. */
export type SelectionPolicy =
  | { readonly kind: 'lowestCost' }
  /** Samples; a higher temperature spreads more. */
  | { readonly kind: 'softmax'; readonly temperature: number };

/** Costs closer than this (in blocks) count as equal, so that rounding does not decide. */
const COST_TOLERANCE_BLOCKS = 1e-9;

/**
 * Picks a target by its cost.
 *
 * Ties of `lowestCost` break by fewer active requests, then fewer active prefill tokens, then at random by `prng`: an order by id would
 * send all of an idle pool's first requests to one target.
 * `softmax` samples with probability proportional to exp(-(c - min) / ((max - min) * temperature)); equal costs are drawn evenly
 * (min-max normalised form after NVIDIA Dynamo's routing documentation).
 *
 * @returns the target, or null when none has a finite cost. O(targets), no allocation.
 */
export function selectTarget(
  columns: CandidateColumns,
  costs: Float64Array,
  policy: SelectionPolicy,
  prng: Prng,
): number | null {
  switch (policy.kind) {
    case 'lowestCost':
      return lowestCost(columns, costs, prng);
    case 'softmax':
      return policy.temperature > 0
        ? sampleTarget(columns.targetCount, costs, policy.temperature, prng)
        : lowestCost(columns, costs, prng);
  }
}

function lowestCost(columns: CandidateColumns, costs: Float64Array, prng: Prng): number | null {
  let best = -1;
  let equals = 0;
  for (let target = 0; target < columns.targetCount; target += 1) {
    const cost = costs[target] ?? Infinity;
    if (cost === Infinity) continue;
    const order = best === -1 ? -1 : compare(columns, costs, target, best);
    if (order < 0) {
      best = target;
      equals = 1;
    } else if (order === 0) {
      // Reservoir sampling: each of the n equals is kept with probability 1 / n.
      equals += 1;
      if (prng() * equals < 1) best = target;
    }
  }
  return best === -1 ? null : best;
}

function compare(columns: CandidateColumns, costs: Float64Array, left: number, right: number): number {
  const cost = (costs[left] ?? 0) - (costs[right] ?? 0);
  if (Math.abs(cost) > COST_TOLERANCE_BLOCKS) return cost;
  const requests = (columns.activeRequests[left] ?? 0) - (columns.activeRequests[right] ?? 0);
  if (requests !== 0) return requests;
  return (columns.activePrefillTokens[left] ?? 0) - (columns.activePrefillTokens[right] ?? 0);
}

function sampleTarget(
  targetCount: number,
  costs: Float64Array,
  temperature: number,
  prng: Prng,
): number | null {
  let min = Infinity;
  let max = -Infinity;
  let last = -1;
  for (let target = 0; target < targetCount; target += 1) {
    const cost = costs[target] ?? Infinity;
    if (cost === Infinity) continue;
    min = Math.min(min, cost);
    max = Math.max(max, cost);
    last = target;
  }
  if (last === -1) return null;
  const scale = (max - min) * temperature;
  const weight = (cost: number): number => (scale > 0 ? Math.exp(-(cost - min) / scale) : 1);
  let sum = 0;
  for (let target = 0; target < targetCount; target += 1) {
    const cost = costs[target] ?? Infinity;
    if (cost !== Infinity) sum += weight(cost);
  }
  let left = prng() * sum;
  for (let target = 0; target < targetCount; target += 1) {
    const cost = costs[target] ?? Infinity;
    if (cost === Infinity) continue;
    left -= weight(cost);
    if (left <= 0) return target;
  }
  return last;
}
