import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CandidateColumns } from '../columns.js';
import { computeCosts, explainCost } from './linear.js';
import { checkCostOptions, COST_OPTIONS_DEFAULT } from '../options.js';
import type { CostOptions } from '../options.js';

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

function costOf(one: Row, options: Partial<CostOptions>): number {
  return costsOf([one], options)[0] ?? NaN;
}

const IDLE: Row = { overlap: 0, prefill: 0, decode: 0, requests: 0 };

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
      overlapScoreCredit: 0,
    });
    expect(costs).toEqual([4]);
  });

  it('takes credit off decode blocks when prefill is not tracked, down to none', () => {
    const costs = costsOf(
      [
        { overlap: 5, prefill: 900, decode: 40, requests: 2 },
        { overlap: 50, prefill: 0, decode: 40, requests: 2 },
      ],
      { trackPrefillTokens: false, overlapScoreCreditDecay: 1, decodeActiveRequestWeight: 3 },
    );
    expect(costs).toEqual([35 + 6, 6]);
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

  it('never rises with overlap and never falls with any kind of load', () => {
    fc.assert(
      fc.property(row, weights, fc.integer({ min: 1, max: 200 }), (one, options, more) => {
        const base = costOf(one, options);
        expect(costOf({ ...one, overlap: one.overlap + more }, options)).toBeLessThanOrEqual(base);
        expect(costOf({ ...one, prefill: one.prefill + more }, options)).toBeGreaterThanOrEqual(base);
        expect(costOf({ ...one, decode: one.decode + more }, options)).toBeGreaterThanOrEqual(base);
        expect(costOf({ ...one, requests: one.requests + more }, options)).toBeGreaterThanOrEqual(base);
      }),
    );
  });

  it('moves the differences between targets by nothing when all of them hold more of the same prefix', () => {
    const credit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 500 }), credit, (all, shared, overlapScoreCredit) => {
        // A prompt longer than any overlap, as a prompt is: then no credit of at most 1 reaches the floor.
        const promptTokens = 10_000;
        const before = costsOf(all, { overlapScoreCredit }, promptTokens);
        const held = all.map((one) => ({ ...one, overlap: one.overlap + shared }));
        const after = costsOf(held, { overlapScoreCredit }, promptTokens);
        all.forEach((_, target) => {
          expect((after[target] ?? NaN) - (after[0] ?? NaN)).toBeCloseTo(
            (before[target] ?? NaN) - (before[0] ?? NaN),
            6,
          );
        });
      }),
    );
  });

  it('lets affinity give way to load gradually: a little more load changes a cost by a little', () => {
    fc.assert(
      fc.property(row, weights, (one, options) => {
        // One token is a tenth of a block; the credit of all 100 blocks can decay by no more than its share of an excess.
        const most =
          options.prefillLoadScale *
          (0.1 + options.overlapScoreCredit * 100 * options.overlapScoreCreditDecay * 0.001);
        const idle = { overlap: 0, prefill: 0, decode: 0, requests: 0 };
        const [, before] = costsOf([idle, one], options);
        const [, after] = costsOf([idle, { ...one, prefill: one.prefill + 1 }], options);
        expect((after ?? NaN) - (before ?? NaN)).toBeLessThanOrEqual(most + 1e-9);
      }),
    );
  });

  it.each([
    ['promptTokens', { promptTokens: NaN, blockSize: 10 }],
    ['promptTokens', { promptTokens: Infinity, blockSize: 10 }],
    ['promptTokens', { promptTokens: -1, blockSize: 10 }],
    ['blockSize', { promptTokens: 10, blockSize: 0 }],
    ['blockSize', { promptTokens: 10, blockSize: NaN }],
  ])('refuses a prompt whose %s is no such number', (field, prompt) => {
    expect(() => computeCosts(columnsOf([IDLE]), prompt, COST_OPTIONS_DEFAULT, new Float64Array(1))).toThrow(
      new RegExp(`^Cannot weigh costs: ${field}`),
    );
  });

  it.each(['prefill', 'decode'] as const)('refuses a load that is not finite: %s', (field) => {
    for (const value of [NaN, Infinity])
      expect(() => costsOf([IDLE, { ...IDLE, [field]: value }])).toThrow(/load of target 1 must be finite/);
  });

  it('refuses weights that are not finite, so that no override can decide every choice', () => {
    for (const value of [NaN, Infinity, -1])
      expect(() => costsOf([IDLE], { overlapScoreCredit: value })).toThrow(/overlapScoreCredit/);
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
