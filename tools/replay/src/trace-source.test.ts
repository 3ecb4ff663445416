import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededPrng } from '@kvasir/units';
import { TraceSource } from './trace-source.js';

describe('TraceSource', () => {
  it('draws figures with the quantiles it is given', () => {
    const source = new TraceSource(seededPrng(1));
    const figures = Array.from({ length: 20_000 }, () =>
      source.fromQuantiles([
        [0, 10],
        [0.5, 20],
        [1, 1_000],
      ]),
    );
    const upTo = (figure: number): number =>
      figures.filter((drawn) => drawn <= figure).length / figures.length;
    expect(upTo(15)).toBeCloseTo(0.25, 1);
    expect(upTo(20)).toBeCloseTo(0.5, 1);
    expect(upTo(510)).toBeCloseTo(0.75, 1);
    expect(Math.min(...figures)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...figures)).toBeLessThanOrEqual(1_000);
  });

  it('draws nothing outside of the quantiles, whatever the random number', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (share) => {
        const drawn = new TraceSource(() => share).fromQuantiles([
          [0, 1],
          [0.9, 2],
          [1, 3],
        ]);
        expect(drawn).toBeGreaterThanOrEqual(1);
        expect(drawn).toBeLessThanOrEqual(3);
      }),
    );
  });

  it('sends batches at fixed times, at the mean rate', () => {
    const source = new TraceSource(seededPrng(2));
    const arrivalsMs = Array.from({ length: 10_000 }, () => source.batchArrivalMs(5, 1_000));
    expect(arrivalsMs.every((arrivalMs) => arrivalMs % 1_000 === 0)).toBe(true);
    expect((10_000 / (arrivalsMs.at(-1) ?? 0)) * 1_000).toBeCloseTo(5, 0);
  });
});
