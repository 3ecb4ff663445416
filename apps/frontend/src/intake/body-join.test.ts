import { describe, expect, it } from 'vitest';
import { BodyJoin } from './body-join.js';

describe('BodyJoin', () => {
  it('joins in slices, into shared memory', () => {
    const parts = Array.from({ length: 50 }, (_, index) => Buffer.alloc(1_000 + index, index));
    const join = new BodyJoin(parts);
    let steps = 1;
    let joined = join.step(1_000);
    for (; joined === null; steps += 1) {
      const before = join.bytesLeft;
      joined = join.step(1_000);
      expect(join.bytesLeft).toBeLessThan(before);
    }
    expect(joined.equals(Buffer.concat(parts))).toBe(true);
    expect(joined.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(join.bytesLeft).toBe(0);
    expect(steps).toBeGreaterThan(10);
    expect(new BodyJoin([]).step(1)?.length).toBe(0);
  });
});
