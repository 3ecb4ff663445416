import { describe, expect, it } from 'vitest';
import { generateTrace } from './generated-trace.js';
import type { Workload } from './generated-trace.js';
import { percentiles } from './percentiles.js';
import { TRACE_BLOCK_TOKENS } from './trace.js';
import type { TraceRequest } from './trace.js';

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function statisticsOf(requests: readonly TraceRequest[]) {
  const seen = new Set<number>();
  let hits = 0;
  for (const { blockIds } of requests) {
    const firstNew = blockIds.findIndex((id) => !seen.has(id));
    hits += firstNew < 0 ? blockIds.length : firstNew;
    for (const id of blockIds) seen.add(id);
  }
  const inputs = requests.map(({ inputTokens }) => inputTokens);
  const outputs = requests.map(({ outputTokens }) => outputTokens);
  const blocks = requests.map(({ blockIds }) => blockIds.length);
  const [input, output, block] = [percentiles(inputs), percentiles(outputs), percentiles(blocks)];
  return {
    inputMean: mean(inputs),
    inputP50: input.p50,
    inputP90: input.p90,
    inputP99: input.p99,
    outputMean: mean(outputs),
    outputP50: output.p50,
    outputP90: output.p90,
    outputP99: output.p99,
    blocksMean: mean(blocks),
    blocksP50: block.p50,
    blocksP90: block.p90,
    blocksP99: block.p99,
    blocksMax: Math.max(...blocks),
    hitShare: hits / (mean(blocks) * blocks.length),
    ratePerS: (requests.length / (requests.at(-1)?.arrivalMs ?? 1)) * 1000,
  };
}

/** Published figures; `hitShare` is what a cache without end would hit. Of `shared-prefix` its own definition. */
const PUBLISHED: readonly (readonly [Workload, Partial<ReturnType<typeof statisticsOf>>])[] = [
  [
    'conversation',
    {
      ...{ inputMean: 12_035, inputP50: 6_909, inputP90: 27_367, inputP99: 85_401 },
      ...{ outputMean: 343, outputP50: 350, outputP90: 597, outputP99: 1_120 },
      ...{ blocksMean: 24, blocksP50: 14, blocksP90: 54, blocksP99: 167, blocksMax: 247 },
      ...{ hitShare: 0.366, ratePerS: 3.4 },
    },
  ],
  ['tool-agent', { inputMean: 8_596, outputMean: 182, hitShare: 0.59, ratePerS: 6.7 }],
  ['shared-prefix', { inputMean: 2_176, outputMean: 256, ratePerS: 8 }],
];
/** Relative to the published figure. */
const TOLERANCE = 0.07;
/** One request in a hundred is some 120 of them, and one long conversation brings many. */
const TOLERANCE_P99 = 0.2;

describe('generateTrace()', () => {
  it.each(PUBLISHED)('makes %s to its published statistics', (workload, published) => {
    const statistics = statisticsOf(generateTrace(workload, { requestCount: 12_031, seed: 1 }));
    for (const [name, value] of Object.entries(published)) {
      const measured = statistics[name as keyof typeof statistics];
      const tolerance = name.endsWith('P99') ? TOLERANCE_P99 : TOLERANCE;
      expect(Math.abs(measured / value - 1), `${name} ${measured}`).toBeLessThan(tolerance);
    }
  });

  it('never grows a conversation beyond the longest published', () => {
    for (const seed of [1, 2, 3]) {
      const requests = generateTrace('conversation', { requestCount: 12_031, seed });
      expect(Math.max(...requests.map(({ blockIds }) => blockIds.length))).toBeLessThanOrEqual(247);
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
