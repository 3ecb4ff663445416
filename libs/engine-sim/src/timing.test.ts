import { describe, expect, it } from 'vitest';
import { stepMs, TRANSFER_MODEL_DEFAULT, transferMs } from './timing.js';
import type { StepWork } from './timing.js';

const prompt = (tokens: number, computedTokens = 0): StepWork => ({
  prefillTokens: tokens,
  prefillPairs: tokens * (tokens + 2 * computedTokens),
  decodeSequences: 0,
  kvShare: 0,
});
const decode = (kvShare: number, decodeSequences = 1): StepWork => ({
  prefillTokens: 0,
  prefillPairs: 0,
  decodeSequences,
  kvShare,
});

describe('stepMs()', () => {
  const polynomial = { kind: 'polynomial' } as const;
  const batched = { kind: 'batched', msPerDecodeSequence: 0.04 } as const;

  it.each([
    [1_000, 32.1],
    [4_000, 84.0],
    [10_000, 210.4],
    [32_000, 933.5],
    [100_000, 5_744.8],
  ])('computes a prompt of %i tokens in %f ms, as published', (tokens, ms) => {
    expect(stepMs(polynomial, prompt(tokens))).toBeCloseTo(ms, 0);
  });

  it.each([
    [0, 5.74],
    [0.25, 17.63],
    [0.5, 26.31],
    [0.75, 31.77],
    [1, 34.01],
    [2, 34.01],
  ])('decodes at KV share %f in %f ms, as published', (share, ms) => {
    expect(stepMs(polynomial, decode(share))).toBeCloseTo(ms, 1);
  });

  it('takes no time without work, and adds both kinds of work up', () => {
    expect(stepMs(polynomial, { ...prompt(0), kvShare: 0.5 })).toBe(0);
    const both = { ...prompt(500), decodeSequences: 3, kvShare: 0.5 };
    expect(stepMs(polynomial, both)).toBeCloseTo(
      stepMs(polynomial, prompt(500)) + stepMs(polynomial, decode(0.5)),
    );
  });

  it('sees the number of generating requests only when batched', () => {
    expect(stepMs(polynomial, decode(0.5, 200))).toBe(stepMs(polynomial, decode(0.5)));
    expect(stepMs(batched, decode(0.5, 200)) - stepMs(batched, decode(0.5, 100))).toBeCloseTo(4);
  });

  it('when batched costs a prompt the same in any chunks but for the constant of each step', () => {
    const whole = stepMs(batched, prompt(12_000));
    const chunked = stepMs(batched, prompt(8_000)) + stepMs(batched, prompt(4_000, 8_000));
    expect(chunked - whole).toBeCloseTo(stepMs(batched, prompt(1)), 1);
  });
});

describe('transferMs()', () => {
  it('is the latency and the bytes by the bandwidth', () => {
    expect(transferMs(TRANSFER_MODEL_DEFAULT, 0)).toBe(1);
    expect(transferMs(TRANSFER_MODEL_DEFAULT, 12_000)).toBeCloseTo(1 + (12_000 * 131_072) / 64e6);
  });
});
