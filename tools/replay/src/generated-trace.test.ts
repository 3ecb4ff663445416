import { describe, expect, it } from 'vitest';
import { generateTrace } from './generated-trace.js';
import type { Workload } from './generated-trace.js';
import { TRACE_BLOCK_TOKENS } from './trace.js';
import type { TraceRequest } from './trace.js';

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function statisticsOf(requests: readonly TraceRequest[]) {
  const seen = new Set<number>();
  let hits = 0;
  let blocks = 0;
  for (const { blockIds } of requests) {
    hits += blockIds.filter((id) => seen.has(id)).length;
    blocks += blockIds.length;
    for (const id of blockIds) seen.add(id);
  }
  return {
    inputMean: mean(requests.map(({ inputTokens }) => inputTokens)),
    outputMean: mean(requests.map(({ outputTokens }) => outputTokens)),
    blocksMean: blocks / requests.length,
    hitShare: hits / blocks,
    ratePerS: (requests.length / (requests.at(-1)?.arrivalMs ?? 1)) * 1000,
  };
}

/** Published figures with the tolerance that a generator of a few lines can hold. */
const PUBLISHED: readonly (readonly [Workload, Partial<ReturnType<typeof statisticsOf>>])[] = [
  ['conversation', { inputMean: 12_035, outputMean: 343, blocksMean: 24, hitShare: 0.37, ratePerS: 3.4 }],
  ['tool-agent', { inputMean: 8_596, outputMean: 182, hitShare: 0.59, ratePerS: 6.7 }],
  ['shared-prefix', { inputMean: 2_176, outputMean: 256, ratePerS: 8 }],
];
const TOLERANCE = 0.12;

describe('generateTrace()', () => {
  it.each(PUBLISHED)('makes %s to its published statistics', (workload, published) => {
    const statistics = statisticsOf(generateTrace(workload, { requestCount: 8_000, seed: 1 }));
    for (const [name, value] of Object.entries(published)) {
      const measured = statistics[name as keyof typeof statistics];
      expect([name, Math.abs(measured / value - 1)]).toEqual([
        name,
        expect.toSatisfy((off: number) => off < TOLERANCE),
      ]);
    }
  });

  it.each(PUBLISHED)('is the same for the same seed and another for another (%s)', (workload) => {
    const make = (seed: number) => generateTrace(workload, { requestCount: 50, seed });
    expect(make(3)).toEqual(make(3));
    expect(make(3)).not.toEqual(make(4));
  });

  it.each(PUBLISHED)('fills the blocks it names and goes forward in time (%s)', (workload) => {
    const requests = generateTrace(workload, { requestCount: 500, seed: 2 });
    let beforeMs = 0;
    for (const { arrivalMs, inputTokens, outputTokens, blockIds } of requests) {
      expect(Math.ceil(inputTokens / TRACE_BLOCK_TOKENS)).toBe(blockIds.length);
      expect(outputTokens).toBeGreaterThan(0);
      expect(arrivalMs).toBeGreaterThanOrEqual(beforeMs);
      beforeMs = arrivalMs;
    }
  });
});
