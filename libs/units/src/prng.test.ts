import { describe, expect, it } from 'vitest';
import { seededPrng } from './prng.js';

describe('seededPrng()', () => {
  it('gives the same sequence for the same seed', () => {
    const first = seededPrng(42);
    const second = seededPrng(42);
    for (let draw = 0; draw < 100; draw += 1) expect(first()).toBe(second());
  });

  it('gives another sequence for another seed', () => {
    expect(seededPrng(1)()).not.toBe(seededPrng(2)());
  });

  it('spreads draws evenly over [0, 1)', () => {
    const prng = seededPrng(7);
    const counts = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 10_000; draw += 1) {
      const value = prng();
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThan(1);
      counts[Math.floor(value * 10)] = (counts[Math.floor(value * 10)] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
