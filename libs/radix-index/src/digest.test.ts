import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SetDigest } from './digest.js';

const hash = fc.tuple(fc.integer(), fc.integer());

function digestOf(hashes: readonly (readonly [number, number])[]): string {
  const digest = new SetDigest();
  for (const [lo, hi] of hashes) digest.add(lo, hi);
  return `${digest.hi}:${digest.lo}:${digest.blockCount}`;
}

describe('SetDigest', () => {
  it('does not depend on order, nor on what came and went, nor on the sign of the words', () => {
    fc.assert(
      fc.property(fc.array(hash), fc.array(hash), (kept, gone) => {
        const digest = new SetDigest();
        for (const [lo, hi] of [...gone, ...kept]) digest.add(lo, hi);
        for (const [lo, hi] of gone) digest.remove(lo >>> 0, hi >>> 0);
        expect(`${digest.hi}:${digest.lo}:${digest.blockCount}`).toBe(digestOf([...kept].reverse()));
      }),
    );
  });

  it('tells small and similar sets apart', () => {
    const seen = new Set<string>();
    for (let first = 0; first < 150; first += 1) {
      for (let second = first + 1; second < 150; second += 1) {
        seen.add(
          digestOf([
            [first, 0],
            [second, 0],
          ]),
        );
        seen.add(
          digestOf([
            [0, first],
            [0, second],
          ]),
        );
      }
    }
    // Word pairs (0, first) and (first, 0) with first = 0 make the same set.
    expect(seen.size).toBe(150 * 149);
  });

  it('keeps its values: publisher and router must agree across versions', () => {
    expect(
      digestOf([
        [1, 2],
        [-3, 4],
      ]),
    ).toMatchInlineSnapshot(`"168788237:140375515:2"`);
  });

  it('clear() empties it', () => {
    const digest = new SetDigest();
    digest.add(1, 2);
    digest.clear();
    expect(digest).toMatchObject({ lo: 0, hi: 0, blockCount: 0 });
  });
});
