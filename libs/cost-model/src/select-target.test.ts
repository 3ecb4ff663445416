import { seededPrng } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import type { CandidateColumns } from './columns.js';
import { selectTarget } from './select-target.js';
import type { SelectionPolicy } from './select-target.js';

function columns(
  requests: readonly number[],
  prefill: readonly number[] = requests.map(() => 0),
): CandidateColumns {
  const zero = new Float64Array(requests.length);
  return {
    targetCount: requests.length,
    isEligible: new Uint8Array(requests.length).fill(1),
    overlapBlocks: new Uint32Array(requests.length),
    activePrefillTokens: Float64Array.from(prefill),
    potentialDecodeBlocks: zero,
    activeRequests: Float64Array.from(requests),
  };
}

function counts(costs: readonly number[], policy: SelectionPolicy, draws = 10_000): number[] {
  const prng = seededPrng(3);
  const tally = costs.map(() => 0);
  for (let draw = 0; draw < draws; draw += 1) {
    const chosen = selectTarget(columns(costs.map(() => 0)), Float64Array.from(costs), policy, prng);
    if (chosen !== null) tally[chosen] = (tally[chosen] ?? 0) + 1;
  }
  return tally;
}

describe('selectTarget() with lowestCost', () => {
  const policy: SelectionPolicy = { kind: 'lowestCost' };

  it('takes the lowest cost', () => {
    expect(selectTarget(columns([0, 0, 0]), Float64Array.of(3, 1, 2), policy, seededPrng(1))).toBe(1);
  });

  it('breaks a tie by fewer requests, then by fewer waiting prefill tokens', () => {
    expect(selectTarget(columns([2, 1, 1], [0, 9, 5]), Float64Array.of(1, 1, 1), policy, seededPrng(1))).toBe(
      2,
    );
  });

  it('spreads full ties evenly', () => {
    for (const count of counts([1, 1, 1, 1], policy)) expect(Math.abs(count - 2500)).toBeLessThan(250);
  });

  it('answers null when nobody may be chosen', () => {
    expect(selectTarget(columns([0]), Float64Array.of(Infinity), policy, seededPrng(1))).toBeNull();
  });
});

describe('selectTarget() with softmax', () => {
  it('samples by min-max normalised cost', () => {
    const [low, high] = counts([0, 10], { kind: 'softmax', temperature: 1 });
    // exp(0) : exp(−1)
    expect((low ?? 0) / (high ?? 1)).toBeGreaterThan(2.4);
    expect((low ?? 0) / (high ?? 1)).toBeLessThan(3.1);
  });

  it('draws evenly among equal costs', () => {
    for (const count of counts([5, 5], { kind: 'softmax', temperature: 0.5 })) {
      expect(Math.abs(count - 5000)).toBeLessThan(300);
    }
  });

  it('is lowestCost at temperature 0', () => {
    expect(counts([2, 1, 3], { kind: 'softmax', temperature: 0 }, 100)).toEqual([0, 100, 0]);
  });

  it('never takes who may not be chosen', () => {
    expect(counts([1, Infinity, 1], { kind: 'softmax', temperature: 5 })[1]).toBe(0);
  });
});
