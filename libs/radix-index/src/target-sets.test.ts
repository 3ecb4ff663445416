import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIST_MEMBERS_MAX } from './set-builder.js';
import { EMPTY_SET, TargetSets } from './target-sets.js';
import type { TargetSet } from './target-sets.js';

function membersOf(sets: TargetSets, set: TargetSet): number[] {
  const members: number[] = [];
  for (let member = sets.next(set, -1); member >= 0; member = sets.next(set, member)) members.push(member);
  return members;
}

/** Holders of a few blocks, changed one target at a time. */
class Blocks {
  readonly sets = new TargetSets();
  readonly held: TargetSet[];
  readonly expected: Set<number>[];

  constructor(count: number) {
    this.held = new Array<TargetSet>(count).fill(EMPTY_SET);
    this.expected = this.held.map(() => new Set());
  }

  change(block: number, target: number, isAdded: boolean): void {
    const set = this.held[block] ?? EMPTY_SET;
    const next = isAdded ? this.sets.add(set, target) : this.sets.remove(set, target);
    if (next !== set) {
      this.sets.retain(next);
      this.sets.release(set);
      this.held[block] = next;
    }
    if (isAdded) this.expected[block]?.add(target);
    else this.expected[block]?.delete(target);
  }

  members(block: number): number[] {
    return [...(this.expected[block] ?? [])].sort((left, right) => left - right);
  }

  check(): void {
    const bySet = new Map<TargetSet, string>();
    this.held.forEach((set, block) => {
      const members = this.members(block);
      expect(membersOf(this.sets, set)).toEqual(members);
      expect(this.sets.sizeOf(set)).toBe(members.length);
      bySet.set(set, members.join());
    });
    expect(new Set(bySet.values()).size).toBe(bySet.size);
    expect(new Set(this.expected.map((members) => [...members].sort().join())).size).toBe(bySet.size);
    expect(this.sets.count).toBe([...bySet.keys()].filter((set) => set > 0).length);
  }
}

const targetArbitrary = fc.oneof(
  fc.nat({ max: 20 }),
  fc.nat({ max: 90 }),
  fc.constantFrom(31, 32, 63, 64, 4095),
);

describe('TargetSets', { timeout: 60_000 }, () => {
  it('keeps equal sets one integer and unequal ones apart, whatever comes and goes', () => {
    const change = fc.tuple(fc.nat({ max: 4 }), targetArbitrary, fc.boolean());
    fc.assert(
      fc.property(fc.array(change, { maxLength: 250 }), (changes) => {
        const blocks = new Blocks(5);
        for (const [block, target, isAdded] of changes) blocks.change(block, target, isAdded);
        blocks.check();
        for (let block = 0; block < 5; block += 1) {
          for (const target of blocks.members(block)) blocks.change(block, target, false);
        }
        expect(blocks.sets.count).toBe(0);
        expect(blocks.sets.liveBytes).toBe(0);
      }),
      { numRuns: 600 },
    );
  });

  it('changes form at the size where bits take over, in both directions', () => {
    const blocks = new Blocks(2);
    for (let target = 0; target < LIST_MEMBERS_MAX + 3; target += 1) {
      blocks.change(0, target * 7, true);
      blocks.change(1, (LIST_MEMBERS_MAX + 2 - target) * 7, true);
      blocks.check();
    }
    expect(blocks.held[0]).toBe(blocks.held[1]);
    for (let target = LIST_MEMBERS_MAX + 2; target >= 0; target -= 1) {
      blocks.change(0, target * 7, false);
      blocks.change(1, target * 7, false);
      blocks.check();
      expect(blocks.held[0]).toBe(blocks.held[1]);
    }
  });

  it('gives one integer to a set however high its members once were', () => {
    const blocks = new Blocks(2);
    for (let target = 0; target <= LIST_MEMBERS_MAX + 1; target += 1) {
      blocks.change(0, target, true);
      blocks.change(1, target, true);
    }
    blocks.change(1, 4095, true);
    blocks.change(1, 4095, false);
    blocks.check();
    expect(blocks.held[1]).toBe(blocks.held[0]);
  });

  it('uses the room of sets that went', () => {
    const blocks = new Blocks(1);
    const turn = (first: number): void => {
      for (let target = first; target < first + 40; target += 1) blocks.change(0, target, true);
      for (let target = first; target < first + 40; target += 1) blocks.change(0, target, false);
    };
    turn(0);
    const { bytes } = blocks.sets;
    for (let round = 0; round < 500; round += 1) turn(round % 7);
    expect(blocks.sets.bytes).toBe(bytes);
  });

  it('answers has() for members, neighbours and targets far above', () => {
    fc.assert(
      fc.property(fc.uniqueArray(targetArbitrary, { maxLength: 60 }), targetArbitrary, (members, asked) => {
        const blocks = new Blocks(1);
        for (const member of members) blocks.change(0, member, true);
        const set = blocks.held[0] ?? EMPTY_SET;
        for (const target of [asked, asked + 1, 100_000, ...members]) {
          expect(blocks.sets.has(set, target)).toBe(members.includes(target));
        }
      }),
    );
  });

  it('writes the members of a set, and those that leave, inside the array only', () => {
    const members = fc.uniqueArray(fc.nat({ max: 130 }), { maxLength: 120 });
    fc.assert(
      fc.property(members, members, fc.nat({ max: 140 }), (first, second, length) => {
        const blocks = new Blocks(2);
        for (const member of first) blocks.change(0, member, true);
        for (const member of second) blocks.change(1, member, true);
        const [set = EMPTY_SET, later = EMPTY_SET] = blocks.held;

        const written = new Uint32Array(length);
        blocks.sets.writeFirst(set, written, 7);
        expect([...written]).toEqual(Array.from({ length }, (_, target) => (first.includes(target) ? 7 : 0)));

        const left = new Uint32Array(length).fill(1);
        blocks.sets.writeLeaving(set, later, left, 7);
        blocks.sets.write(later, left, 9);
        expect([...left]).toEqual(
          Array.from({ length }, (_, target) =>
            second.includes(target) ? 9 : first.includes(target) ? 7 : 1,
          ),
        );
      }),
      { numRuns: 500 },
    );
  });
});
