import { seededPrng } from '@kvasir/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CandidateColumns } from './columns.js';
import { selectTarget } from './select-target.js';
import type { SelectionPolicy } from './select-target.js';

interface Load {
  readonly requests?: readonly number[];
  readonly prefill?: readonly number[];
  readonly eligible?: readonly boolean[];
}

function columnsOf(targetCount: number, load: Load = {}): CandidateColumns {
  const zeros = new Array<number>(targetCount).fill(0);
  return {
    targetCount,
    isEligible: Uint8Array.from(load.eligible ?? zeros.map(() => true), Number),
    overlapBlocks: new Uint32Array(targetCount),
    activePrefillTokens: Float64Array.from(load.prefill ?? zeros),
    potentialDecodeBlocks: new Float64Array(targetCount),
    activeRequests: Float64Array.from(load.requests ?? zeros),
  };
}

function select(costs: readonly number[], policy: SelectionPolicy, load: Load = {}, seed = 1): number | null {
  return selectTarget(columnsOf(costs.length, load), Float64Array.from(costs), {
    policy,
    prng: seededPrng(seed),
    lastTurns: new Float64Array(costs.length),
  });
}

function tally(costs: readonly number[], policy: SelectionPolicy, draws = 10_000): number[] {
  const selection = { policy, prng: seededPrng(3), lastTurns: new Float64Array(costs.length) };
  const columns = columnsOf(costs.length, { eligible: costs.map((cost) => cost !== Infinity) });
  const counts = costs.map(() => 0);
  for (let draw = 0; draw < draws; draw += 1) {
    const chosen = selectTarget(columns, Float64Array.from(costs), selection);
    if (chosen !== null) counts[chosen] = (counts[chosen] ?? 0) + 1;
  }
  return counts;
}

const LOWEST: SelectionPolicy = { kind: 'lowestCost' };
const cost = fc.double({ min: 0, max: 1e6, noNaN: true });

describe('selectTarget() with lowestCost', () => {
  it('takes the lowest cost', () => {
    expect(select([3, 1, 2], LOWEST)).toBe(1);
  });

  it('breaks a tie by fewer requests, then by fewer waiting prefill tokens', () => {
    expect(select([1, 1, 1], LOWEST, { requests: [2, 1, 1], prefill: [0, 9, 5] })).toBe(2);
  });

  it('spreads full ties evenly', () => {
    for (const count of tally([1, 1, 1, 1], LOWEST)) expect(Math.abs(count - 2500)).toBeLessThan(250);
  });

  it('takes costs that differ by rounding for equal, of any size', () => {
    for (const scale of [1, 1e9]) {
      expect(select([0.3 * scale, (0.1 + 0.2) * scale], LOWEST, { requests: [1, 0] })).toBe(1);
    }
  });

  it('never takes more than rounding beyond the least, however many lie close together', () => {
    const ladder = Array.from({ length: 100 }, (_, step) => 1 + step * 0.9e-9);
    const fewer = ladder.map((_, step) => 100 - step);
    expect(select(ladder, LOWEST, { requests: fewer })).toBe(1);
  });

  it('answers null when nobody may be chosen', () => {
    expect(select([Infinity], LOWEST)).toBeNull();
    expect(select([], LOWEST)).toBeNull();
  });

  it('takes a target of least cost, whatever the costs', () => {
    fc.assert(
      fc.property(fc.array(cost, { minLength: 1, maxLength: 30 }), fc.nat(), (costs, seed) => {
        const chosen = select(costs, LOWEST, {}, seed);
        const least = Math.min(...costs);
        expect(costs[chosen ?? -1]).toBeLessThanOrEqual(least + 1e-9 * Math.max(1, least));
      }),
    );
  });
});

describe('selectTarget() with softmax', () => {
  it('samples by min-max normalised cost', () => {
    const [low = 0, high = 1] = tally([0, 10], { kind: 'softmax', temperature: 1 });
    // exp(0) : exp(−1), and the same for costs a thousand times as large.
    expect(low / high).toBeGreaterThan(2.4);
    expect(low / high).toBeLessThan(3.1);
    expect(tally([0, 10_000], { kind: 'softmax', temperature: 1 })).toEqual([low, high]);
  });

  it('follows the published probabilities for several targets', () => {
    const costs = [5, 7, 11, 15];
    const weights = costs.map((one) => Math.exp(-(one - 5) / (10 * 0.5)));
    const sum = weights.reduce((total, weight) => total + weight);
    tally(costs, { kind: 'softmax', temperature: 0.5 }, 40_000).forEach((count, target) => {
      expect(Math.abs(count / 40_000 - (weights[target] ?? 0) / sum)).toBeLessThan(0.01);
    });
  });

  it('draws evenly among equal costs', () => {
    for (const count of tally([5, 5], { kind: 'softmax', temperature: 0.5 })) {
      expect(Math.abs(count - 5000)).toBeLessThan(300);
    }
  });

  it('is lowestCost at temperature 0, and at one too small to tell from it', () => {
    expect(tally([2, 1, 3], { kind: 'softmax', temperature: 0 }, 100)).toEqual([0, 100, 0]);
    expect(tally([2, 1, 3], { kind: 'softmax', temperature: 1e-323 }, 100)).toEqual([0, 100, 0]);
  });

  it('never takes who may not be chosen', () => {
    expect(tally([1, Infinity, 1], { kind: 'softmax', temperature: 5 })[1]).toBe(0);
    expect(select([Infinity, Infinity], { kind: 'softmax', temperature: 5 })).toBeNull();
  });

  it.each([NaN, Infinity, -1])('refuses a temperature of %d', (temperature) => {
    expect(() => select([1, 2], { kind: 'softmax', temperature })).toThrow(/^Cannot select: temperature/);
  });
});

describe('selectTarget() with roundRobin', () => {
  const policy: SelectionPolicy = { kind: 'roundRobin' };

  function turns(count: number, eligible: (turn: number) => readonly boolean[]): (number | null)[] {
    const lastTurns = new Float64Array(3);
    return Array.from({ length: count }, (_, turn) => {
      const columns = columnsOf(3, { eligible: eligible(turn) });
      const chosen = selectTarget(columns, new Float64Array(3), { policy, prng: seededPrng(1), lastTurns });
      if (chosen !== null) lastTurns[chosen] = turn + 1;
      return chosen;
    });
  }

  it('takes turns, and skips who may not be chosen', () => {
    expect(turns(5, () => [true, true, true])).toEqual([0, 1, 2, 0, 1]);
    expect(turns(4, () => [true, false, true])).toEqual([0, 2, 0, 2]);
  });

  it('leaves nobody out when who is eligible changes from turn to turn', () => {
    // Going on from the last target would alternate between 0 and 1 here.
    const seen = turns(300, (turn) => (turn % 2 === 0 ? [true, true, true] : [true, true, false]));
    for (const target of [0, 1, 2]) expect(seen.filter((one) => one === target).length).toBeGreaterThan(70);
  });

  it('answers null when nobody may be chosen', () => {
    expect(turns(1, () => [false, false, false])).toEqual([null]);
  });
});

describe('selectTarget() with random', () => {
  it('draws evenly among the eligible', () => {
    const [first = 0, second, third = 0] = tally([9, Infinity, 1], { kind: 'random' });
    expect(second).toBe(0);
    expect(Math.abs(first - 5000)).toBeLessThan(300);
    expect(Math.abs(third - 5000)).toBeLessThan(300);
  });

  it('answers null when nobody may be chosen', () => {
    expect(select([1], { kind: 'random' }, { eligible: [false] })).toBeNull();
  });
});
