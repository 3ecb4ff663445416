import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockManager } from './block-manager.js';

const CONTENTS = 6;

/** The same on lists: each block with its users and its content, the unused ones in the order in which they go. */
class NaiveBlocks {
  readonly users: number[];
  readonly contents: (number | null)[];
  readonly unused: number[];
  readonly removed: number[] = [];

  constructor(count: number) {
    this.users = new Array<number>(count).fill(0);
    this.contents = new Array<number | null>(count).fill(null);
    this.unused = Array.from({ length: count }, (_, block) => block);
  }

  allocate(): number {
    const block = this.unused.shift() ?? -1;
    const content = this.contents[block] ?? null;
    this.contents[block] = null;
    if (content !== null && !this.contents.includes(content)) this.removed.push(content);
    this.users[block] = 1;
    return block;
  }

  reference(block: number): void {
    this.users[block] = (this.users[block] ?? 0) + 1;
    if (this.unused.includes(block)) this.unused.splice(this.unused.indexOf(block), 1);
  }

  name(block: number, content: number): boolean {
    if (this.contents[block] !== null) return false;
    const isNew = !this.contents.includes(content);
    this.contents[block] = content;
    return isNew;
  }

  release(blocks: readonly number[]): void {
    for (const block of blocks.toReversed()) {
      this.users[block] = (this.users[block] ?? 0) - 1;
      if (this.users[block] === 0) this.unused.push(block);
    }
  }
}

type Action =
  | { readonly kind: 'allocate' }
  | { readonly kind: 'find'; readonly content: number }
  | { readonly kind: 'name'; readonly content: number }
  | { readonly kind: 'release'; readonly share: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant('allocate' as const) }),
  fc.record({ kind: fc.constant('find' as const), content: fc.nat(CONTENTS - 1) }),
  fc.record({ kind: fc.constant('name' as const), content: fc.nat(CONTENTS - 1) }),
  fc.record({ kind: fc.constant('release' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
);

describe('BlockManager', () => {
  it('does what the naive lists do: counts, names, copies, order of eviction', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(action, { maxLength: 120 }), (count, actions) => {
        const removed: number[] = [];
        // Contents 0 and 3, 1 and 4, … share the low word, so that they collide in the table.
        const made = new BlockManager(count, { removed: (lo, hi) => void removed.push(lo + hi * 3) });
        const naive = new NaiveBlocks(count);
        const held: number[] = [];
        for (const act of actions) {
          if (act.kind === 'allocate') {
            if (made.unusedCount === 0) {
              expect(() => made.allocate()).toThrow(RangeError);
              continue;
            }
            const block = made.allocate();
            expect(block).toBe(naive.allocate());
            held.push(block);
          } else if (act.kind === 'find') {
            const block = made.find(act.content % 3, Math.floor(act.content / 3));
            expect(block !== null).toBe(naive.contents.includes(act.content));
            if (block === null) continue;
            expect(naive.contents[block]).toBe(act.content);
            made.reference(block);
            naive.reference(block);
            held.push(block);
          } else if (act.kind === 'name') {
            const block = held.at(-1);
            if (block === undefined) continue;
            expect(made.name(block, act.content % 3, Math.floor(act.content / 3))).toBe(
              naive.name(block, act.content),
            );
          } else {
            const blocks = held.splice(Math.floor(held.length * act.share));
            made.release(blocks);
            naive.release(blocks);
          }
          expect(removed).toEqual(naive.removed);
          expect(made.unusedCount).toBe(naive.unused.length);
          expect(made.contentCount).toBe(new Set(naive.contents.filter((content) => content !== null)).size);
          naive.users.forEach((users, block) => expect(made.referencesOf(block)).toBe(users));
        }
        made.release(held);
        expect(made.unusedCount).toBe(count);
        expect(made.usedShare).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps a content cached until its last copy goes', () => {
    const removed: number[] = [];
    const made = new BlockManager(3, { removed: (lo) => void removed.push(lo) });
    const [first, second] = [made.allocate(), made.allocate()];
    expect(made.name(first, 7, 0)).toBe(true);
    expect(made.name(second, 7, 0)).toBe(false);
    made.release([first]);
    made.allocate();
    made.allocate();
    expect(removed).toEqual([]);
    expect(made.find(7, 0)).toBe(second);
    made.release([second]);
    made.allocate();
    expect(removed).toEqual([7]);
    expect(made.find(7, 0)).toBeNull();
  });

  it('forgets everything at a reset, unless blocks are in use', () => {
    const made = new BlockManager(4, { removed: () => undefined });
    const block = made.allocate();
    made.name(block, 1, 2);
    expect(made.reset()).toBe(false);
    expect(made.find(1, 2)).toBe(block);
    made.release([block]);
    expect(made.reset()).toBe(true);
    expect(made.find(1, 2)).toBeNull();
    expect(made.contentCount).toBe(0);
  });

  it('refuses to release what nobody uses', () => {
    expect(() => new BlockManager(2, { removed: () => undefined }).release([0])).toThrow(RangeError);
  });
});
