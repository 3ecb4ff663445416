import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentiles } from './percentiles.js';

describe('percentiles()', () => {
  it('takes the nearest rank', () => {
    const figures = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentiles(figures)).toEqual({ p50: 50, p90: 90, p99: 99 });
    expect(percentiles([7])).toEqual({ p50: 7, p90: 7, p99: 7 });
    expect(percentiles([]).p50).toBeNaN();
  });

  it('is exceeded by no more than its share', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (figures) => {
        for (const [share, value] of [
          [0.5, percentiles(figures).p50],
          [0.9, percentiles(figures).p90],
          [0.99, percentiles(figures).p99],
        ] as const) {
          const above = figures.filter((figure) => figure > value).length;
          const notBelow = figures.filter((figure) => figure >= value).length;
          expect(above).toBeLessThanOrEqual(figures.length * (1 - share) + 1e-9);
          expect(notBelow).toBeGreaterThan(0);
        }
      }),
    );
  });
});
