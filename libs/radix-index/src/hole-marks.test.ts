import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HoleMarks } from './hole-marks.js';

const TARGETS = 6;
const mark = fc.tuple(
  fc.constantFrom('add', 'dropChild', 'fill', 'clear'),
  fc.integer({ min: 1, max: 60 }),
  fc.nat({ max: TARGETS - 1 }),
);

describe('HoleMarks', () => {
  it('counts the holes of each target like a map of pairs', () => {
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 300 }), (marks) => {
        const holes = new HoleMarks();
        const expected = new Map<string, number>();
        for (let target = 0; target < TARGETS; target += 1) holes.reserve(target);
        for (const [kind, block, target] of marks) {
          const key = `${block},${target}`;
          const children = expected.get(key) ?? 0;
          if (kind === 'add') {
            holes.add(block, target, 2);
            expected.set(key, children + 2);
          } else if (kind === 'dropChild') {
            holes.dropChild(block, target);
            if (children > 1) expected.set(key, children - 1);
            else expected.delete(key);
          } else if (kind === 'fill') {
            holes.fill(block, target);
            expected.delete(key);
          } else if (block === 1) {
            holes.clearTarget(target);
            for (const other of [...expected.keys()])
              if (other.endsWith(`,${target}`)) expected.delete(other);
          }
        }
        const holed = new Set([...expected.keys()].map((key) => Number(key.split(',')[1])));
        expect(
          new Set(Array.from({ length: holes.holedCount }, (_, index) => holes.holedTarget(index))),
        ).toEqual(holed);
        for (let target = 0; target < TARGETS; target += 1)
          expect(holes.hasHoles(target)).toBe(holed.has(target));
      }),
      { numRuns: 500 },
    );
  });

  it('forgets a target wherever its marks stand in a full table', () => {
    const holes = new HoleMarks();
    for (let target = 0; target < 3; target += 1) holes.reserve(target);
    for (let block = 1; block <= 5000; block += 1) holes.add(block, block % 3, 1);
    holes.clearTarget(1);
    expect(holes.hasHoles(1)).toBe(false);
    for (let block = 1; block <= 5000; block += 1) if (block % 3 !== 1) holes.dropChild(block, block % 3);
    expect(holes.holedCount).toBe(0);
  });
});
