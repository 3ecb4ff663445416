import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CandidateColumns } from './columns.js';
import { computeCosts, explainCost } from './costs.js';
import { checkCostOptions, COST_OPTIONS_DEFAULT } from './options.js';
import type { CostOptions } from './options.js';

interface Row {
  readonly overlap: number;
  readonly prefill: number;
  readonly decode: number;
  readonly requests: number;
}

function columnsOf(
  rows: readonly Row[],
  eligible: readonly boolean[] = rows.map(() => true),
): CandidateColumns {
  return {
    targetCount: rows.length,
    isEligible: Uint8Array.from(eligible, Number),
    overlapBlocks: Uint32Array.from(rows, (row) => row.overlap),
    activePrefillTokens: Float64Array.from(rows, (row) => row.prefill),
    potentialDecodeBlocks: Float64Array.from(rows, (row) => row.decode),
    activeRequests: Float64Array.from(rows, (row) => row.requests),
  };
}

function costsOf(rows: readonly Row[], options: Partial<CostOptions> = {}, promptTokens = 1000): number[] {
  const costs = new Float64Array(rows.length);
  computeCosts(
    columnsOf(rows),
    { promptTokens, blockSize: 10 },
    { ...COST_OPTIONS_DEFAULT, ...options },
    costs,
  );
  return [...costs];
}

const row = fc.record({
  overlap: fc.integer({ min: 0, max: 100 }),
  prefill: fc.integer({ min: 0, max: 5000 }),
  decode: fc.integer({ min: 0, max: 1000 }),
  requests: fc.integer({ min: 0, max: 50 }),
});
const rows = fc.array(row, { minLength: 1, maxLength: 12 });
const weights = fc.record({
  overlapScoreCredit: fc.double({ min: 0, max: 3, noNaN: true }),
  overlapScoreCreditDecay: fc.double({ min: 0, max: 3, noNaN: true }),
  prefillLoadScale: fc.double({ min: 0, max: 3, noNaN: true }),
  decodeActiveRequestWeight: fc.double({ min: 0, max: 3, noNaN: true }),
  trackPrefillTokens: fc.boolean(),
});

describe('computeCosts()', () => {
  it('adds waiting prefill, the uncached prompt and decode blocks', () => {
    // (200 waiting + 1000 prompt) / 10 − 30 overlap + 7 decode blocks.
    expect(costsOf([{ overlap: 30, prefill: 200, decode: 7, requests: 3 }])).toEqual([97]);
  });

  it('never lets credit make prefill work negative', () => {
    expect(
      costsOf([{ overlap: 100, prefill: 0, decode: 0, requests: 0 }], { overlapScoreCredit: 2 }),
    ).toEqual([0]);
  });

  it('counts no prefill work when it is not tracked', () => {
    const costs = costsOf([{ overlap: 5, prefill: 900, decode: 4, requests: 0 }], {
      trackPrefillTokens: false,
    });
    expect(costs).toEqual([4]);
  });

  it('halves the credit at one request of excess with a decay of 1', () => {
    const [idle, busy] = costsOf(
      [
        { overlap: 0, prefill: 0, decode: 0, requests: 0 },
        { overlap: 40, prefill: 1000, decode: 0, requests: 0 },
      ],
      { overlapScoreCreditDecay: 1 },
    );
    expect(idle).toBe(100);
    expect(busy).toBe(200 - 20);
  });

  it('gives targets that may not be chosen an infinite cost', () => {
    const costs = new Float64Array(2);
    const idle = { overlap: 0, prefill: 0, decode: 0, requests: 0 };
    computeCosts(
      columnsOf([idle, idle], [false, true]),
      { promptTokens: 10, blockSize: 10 },
      COST_OPTIONS_DEFAULT,
      costs,
    );
    expect([...costs]).toEqual([Infinity, 1]);
  });

  it('falls with overlap and rises with every kind of load', () => {
    fc.assert(
      fc.property(row, weights, (one, options) => {
        const [base] = costsOf([one], options);
        const [more] = costsOf([{ ...one, overlap: one.overlap + 1 }], options);
        const [prefill] = costsOf([{ ...one, prefill: one.prefill + 10 }], options);
        const [decode] = costsOf([{ ...one, decode: one.decode + 1 }], options);
        expect(more ?? NaN).toBeLessThanOrEqual(base ?? NaN);
        expect(prefill ?? NaN).toBeGreaterThanOrEqual(base ?? NaN);
        expect(decode ?? NaN).toBeGreaterThan(base ?? NaN);
      }),
    );
  });

  it('keeps the order of targets when all of them hold more of the same prefix', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 50 }), (all, shared) => {
        const order = (costs: readonly number[]): number[] =>
          costs.map((_, index) => index).sort((a, b) => (costs[a] ?? 0) - (costs[b] ?? 0) || a - b);
        // A prompt long enough that no credit reaches the floor.
        const before = costsOf(all, {}, 10_000);
        const after = costsOf(
          all.map((one) => ({ ...one, overlap: one.overlap + shared })),
          {},
          10_000,
        );
        expect(order(after)).toEqual(order(before));
      }),
    );
  });

  it('is the sum of its named terms', () => {
    fc.assert(
      fc.property(rows, weights, (all, options) => {
        const costs = costsOf(all, options);
        all.forEach((_, target) => {
          const terms = explainCost(columnsOf(all), target, { promptTokens: 1000, blockSize: 10 }, options);
          const sum = terms.reduce((total, term) => total + term.value, 0);
          expect(sum).toBeCloseTo(costs[target] ?? NaN, 6);
        });
      }),
    );
  });
});

describe('checkCostOptions()', () => {
  it.each([NaN, Infinity, -1])('refuses a weight of %d', (weight) => {
    expect(() => checkCostOptions({ ...COST_OPTIONS_DEFAULT, prefillLoadScale: weight })).toThrow(
      /prefillLoadScale/,
    );
  });
});
