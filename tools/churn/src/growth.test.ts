import { describe, expect, it } from 'vitest';
import { growthOf } from './growth.js';
import type { Sample } from './growth.js';

const samples = (of: (index: number) => number): Sample[] =>
  Array.from({ length: 16 }, (_, index) => new Map([['frontend-1', { series: of(index) }]]));

describe('growthOf', () => {
  it('is flat after warming up', () => {
    const [growth] = growthOf(samples((index) => (index < 4 ? index * 100 : 400)));
    expect(growth).toEqual({ who: 'frontend-1', measure: 'series', before: 400, after: 400, isFlat: true });
  });

  it('notices what grows all the time', () => {
    const [growth] = growthOf(samples((index) => 400 + index * 5));
    expect(growth).toMatchObject({ before: 427.5, after: 467.5, isFlat: false });
  });

  it('compares only what was measured', () => {
    expect(growthOf(samples(() => 1))).toHaveLength(1);
    expect(() => growthOf(samples(() => 1).slice(0, 7))).toThrow(RangeError);
  });
});
