import { describe, expect, it } from 'vitest';
import { formatSummaries } from './format-summaries.js';
import type { RunSummary } from './run-summary.js';

const summary = (fields: Partial<RunSummary>): RunSummary => ({
  mode: 'round-robin',
  requests: 1_000,
  errors: 0,
  errorsByReason: {},
  firstTokenMs: { p50: 800, p90: 4_000, p99: 12_345.6 },
  interTokenMs: { p50: 7.25, p90: 9, p99: 30 },
  endToEndMs: { p50: 3_000, p90: 5_000, p99: 9_000 },
  outputTokensPerS: 1_150,
  promptTokens: 12_000_000,
  cachedShare: 0.1,
  predictedShare: 0.101,
  predictionOff: 0.01,
  requestSpread: 1,
  prefillSpread: 1.05,
  decodeSpread: 1.1,
  durationS: 300,
  delayedRequests: 0,
  cutPrompts: 0,
  tokensPerEvent: 1,
  ...fields,
});

describe('formatSummaries()', () => {
  it('puts runs side by side, with ratios to the first', () => {
    const text = formatSummaries([
      summary({}),
      summary({
        mode: 'kv',
        firstTokenMs: { p50: 400, p90: 1_000, p99: 2_000 },
        cachedShare: 0.3,
        predictionOff: -0.2,
      }),
    ]);
    expect(text).toMatchInlineSnapshot(`
      "                            round-robin           kv   ÷ first
      requests                          1,000        1,000
      errors                                0            0
      time to first token p50          800 ms       400 ms      0.50
      time to first token p90        4,000 ms     1,000 ms      0.25
      time to first token p99       12,346 ms     2,000 ms      0.16
      inter-token latency p50          7.3 ms       7.3 ms      1.00
      inter-token latency p90          9.0 ms       9.0 ms      1.00
      inter-token latency p99         30.0 ms      30.0 ms      1.00
      end to end p50                 3,000 ms     3,000 ms      1.00
      end to end p90                 5,000 ms     5,000 ms      1.00
      end to end p99                 9,000 ms     9,000 ms      1.00
      output tokens/s                   1,150        1,150      1.00
      prompt tokens                12,000,000   12,000,000
      cached, by engines               10.0 %       30.0 %      3.00
      overlap, by router               10.1 %       10.1 %
      overlap above cached             +1.0 %      -20.0 %
      requests spread, max/mean          1.00         1.00
      prefill spread, max/mean           1.05         1.05
      decode spread, max/mean            1.10         1.10
      duration                          300 s        300 s"
    `);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('says what went wrong, and what was never measured', () => {
    const nothing = { p50: NaN, p90: NaN, p99: NaN };
    const text = formatSummaries([
      summary({
        errors: 2,
        errorsByReason: { 'status 503': 2 },
        firstTokenMs: nothing,
        cutPrompts: 3,
        tokensPerEvent: 1.5,
      }),
    ]);
    expect(text).toContain('round-robin: 2 requests failed: status 503');
    expect(text).toContain('3 prompts were longer than the context');
    expect(text).toContain('an event carried 1.50 tokens');
    expect(text).toMatch(/time to first token p50 +–/);
  });
});
