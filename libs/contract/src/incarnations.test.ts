import { incarnation, seededPrng } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { compareIncarnations, newIncarnation } from './incarnations.js';

describe('newIncarnation()', () => {
  it('begins with the moment of birth and ends with chance', () => {
    const prng = seededPrng(1);
    expect(newIncarnation(0x193c1d2e3f4, prng)).toMatch(/^0193c1d2e3f4-[0-9a-f]{8}$/);
    expect(newIncarnation(5, prng)).not.toBe(newIncarnation(5, prng));
  });

  it.each([-1, Number.NaN, 2 ** 48])('refuses the moment %d', (epochMs) => {
    expect(() => newIncarnation(epochMs, () => 0)).toThrow(RangeError);
  });
});

describe('compareIncarnations()', () => {
  const at = (epochMs: number): ReturnType<typeof newIncarnation> => newIncarnation(epochMs, () => 0.5);

  it('orders lives by birth', () => {
    expect(compareIncarnations(at(1_000), at(2_000))).toBe('older');
    expect(compareIncarnations(at(2 ** 40), at(2_000))).toBe('newer');
    expect(compareIncarnations(at(7), at(7))).toBe('same');
  });

  it('leaves lives of one millisecond and names of another form unordered', () => {
    expect(
      compareIncarnations(
        newIncarnation(7, () => 0.1),
        newIncarnation(7, () => 0.9),
      ),
    ).toBe('unordered');
    expect(compareIncarnations(incarnation('a'), incarnation('b'))).toBe('unordered');
    expect(compareIncarnations(at(7), incarnation('b'))).toBe('unordered');
  });
});
