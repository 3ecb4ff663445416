import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixedPoint, roundDouble, roundInteger } from './fixed-point.js';

describe('fixedPoint()', () => {
  it.each([
    [0.5, 0, '0'],
    [1.5, 0, '2'],
    [2.5, 0, '2'],
    [0.125, 2, '0.12'],
    [2.675, 2, '2.67'],
    [-0.001, 2, '-0.00'],
    [1e22, 1, '10000000000000000000000.0'],
    [5e-324, 3, '0.000'],
    [Infinity, 2, 'inf'],
  ])('rounds %d to %d digits, halves to even', (value, digits, text) => {
    expect(fixedPoint(value, digits)).toBe(text);
  });

  it('is JavaScript’s own wherever that is not a tie', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), fc.nat(8), (value, digits) => {
        const isTie = Number.isInteger(value * 2 ** 20) && digits < 8;
        fc.pre(!isTie && !Object.is(value, -0));
        expect(Number(fixedPoint(value, digits))).toBeCloseTo(Number(value.toFixed(digits)), digits);
      }),
    );
  });
});

describe('rounding', () => {
  it('rounds tens as Python does', () => {
    expect([roundInteger(1250n, -2), roundInteger(-1350n, -2), roundInteger(25n, -1)]).toEqual([
      1200n,
      -1400n,
      20n,
    ]);
    expect([roundDouble(2.675, 2), roundDouble(1234.5, -2), roundDouble(NaN, 1)]).toEqual([2.67, 1200, NaN]);
  });
});
