import { describe, expect, it } from 'vitest';
import { percentiles } from './measure.js';

describe('percentiles()', () => {
  it('takes the nearest rank', () => {
    const samples = Float64Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentiles(samples)).toEqual({ p50: 50, p90: 90, p99: 99, mean: 50.5 });
  });

  it('answers one sample with that sample', () => {
    expect(percentiles(Float64Array.of(7))).toEqual({ p50: 7, p90: 7, p99: 7, mean: 7 });
  });

  it('refuses no samples', () => {
    expect(() => percentiles(new Float64Array(0))).toThrow(RangeError);
  });
});
