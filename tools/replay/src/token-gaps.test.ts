import { describe, expect, it } from 'vitest';
import { TokenGaps } from './token-gaps.js';

describe('TokenGaps', () => {
  it('divides a gap among the tokens that end it', () => {
    const gaps = new TokenGaps();
    gaps.saw(1, 100);
    gaps.saw(1, 105);
    gaps.saw(2, 110);
    gaps.saw(5, 140);
    expect(gaps.gapsMs).toEqual([10, 10, 10, 10]);
  });

  it('begins after the first read', () => {
    const gaps = new TokenGaps();
    gaps.saw(3, 50);
    expect(gaps.gapsMs).toEqual([]);
  });
});
