import { describe, expect, it } from 'vitest';
import type { Outcome } from './outcome.js';
import { summarize } from './run-summary.js';

const answered = (fields: Partial<Outcome>): Outcome => ({
  kind: 'answered',
  firstTokenMs: 10,
  endMs: 30,
  gapsMs: [1, 3],
  promptTokens: 100,
  outputTokens: 3,
  tokenEvents: 3,
  cachedTokens: 0,
  overlapBlocks: 0,
  prefillWorkerId: 'p1',
  decodeWorkerId: 'd1',
  ...(fields as object),
});

const options = {
  mode: 'kv',
  speedup: 10,
  blockSize: 16,
  workerIds: { prefill: ['p1', 'p2'], decode: ['d1', 'd2', 'd3'] },
};

describe('summarize()', () => {
  it('adds up shares, rates and spreads in engine time', () => {
    const outcomes = [
      answered({}),
      answered({ cachedTokens: 64, overlapBlocks: 3, prefillWorkerId: 'p2', decodeWorkerId: 'd2' }),
      { kind: 'failed', reason: 'status 503' } as const,
    ];
    const summary = summarize({ outcomes, durationMs: 600, delayedRequests: 1, cutPrompts: 0 }, options);
    expect(summary).toMatchObject({
      requests: 3,
      errors: 1,
      errorsByReason: { 'status 503': 1 },
      firstTokenMs: { p50: 100 },
      interTokenMs: { p50: 10, p99: 30 },
      outputTokensPerS: 1,
      promptTokens: 200,
      cachedShare: 0.32,
      predictedShare: 0.24,
      predictionOff: -0.25,
      requestSpread: 1,
      tokensPerEvent: 1,
      durationS: 6,
      delayedRequests: 1,
    });
    // 100 and 36 tokens computed on two workers; 3, 3 and 0 generated on three.
    expect(summary.prefillSpread).toBeCloseTo(100 / 68);
    expect(summary.decodeSpread).toBeCloseTo(1.5);
  });

  it('takes an aggregated worker for both', () => {
    const outcomes = [answered({ prefillWorkerId: '', decodeWorkerId: 'a1' })];
    const workerIds = { prefill: ['a1', 'a2'], decode: ['a1', 'a2'] };
    const summary = summarize(
      { outcomes, durationMs: 1, delayedRequests: 0, cutPrompts: 0 },
      { ...options, workerIds },
    );
    expect([summary.prefillSpread, summary.decodeSpread]).toEqual([2, 2]);
  });
});
