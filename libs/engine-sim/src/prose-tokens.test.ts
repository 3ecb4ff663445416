import { seededPrng } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { ProseTokens } from './prose-tokens.js';
import type { ProseEnd } from './prose-tokens.js';

/** Sentences 10 11 12 · 20 21 · 30. */
const prose = { tokens: Uint32Array.of(10, 11, 12, 20, 21, 30), sentenceStarts: Uint32Array.of(0, 3, 5) };

function take(count: number, seed: number, end: ProseEnd | null = null): number[] {
  const source = new ProseTokens(prose, seededPrng(seed), end);
  const taken: number[] = [];
  while (taken.length < count && !source.isEnded) taken.push(source.next());
  return taken;
}

describe('ProseTokens', () => {
  it('gives whole sentences, never one twice in a row', () => {
    const text = take(2_000, 7).join(' ');
    // The last sentence may be cut.
    expect(
      text
        .replace(/ (10|10 11|20)$/, '')
        .replaceAll(/10 11 12|20 21|30/g, '')
        .trim(),
    ).toBe('');
    expect(text).not.toMatch(/10 11 12 10|20 21 20|30 30/);
    for (const sentence of ['10 11 12', '20 21', '30']) expect(text).toContain(sentence);
  });

  it('gives the same for the same seed and another text for another seed', () => {
    expect(take(50, 3)).toEqual(take(50, 3));
    expect(take(50, 3)).not.toEqual(take(50, 4));
  });

  it('ends with the end token as its last, wherever a sentence is', () => {
    const taken = take(100, 1, { tokens: 5, token: 999 });
    expect(taken).toHaveLength(5);
    expect(taken.at(-1)).toBe(999);
    expect(taken.slice(0, -1)).toEqual(take(4, 1));
  });

  it('goes on with a single sentence for ever', () => {
    const one = { tokens: Uint32Array.of(1, 2), sentenceStarts: Uint32Array.of(0) };
    const source = new ProseTokens(one, seededPrng(1), null);
    expect(Array.from({ length: 5 }, () => source.next())).toEqual([1, 2, 1, 2, 1]);
    expect(source.position).toBe(0);
  });

  it('refuses an empty prose', () => {
    const empty = { tokens: new Uint32Array(0), sentenceStarts: new Uint32Array(0) };
    expect(() => new ProseTokens(empty, seededPrng(1), null)).toThrow(RangeError);
  });
});
