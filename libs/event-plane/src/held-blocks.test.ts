import { seededPrng } from '@kvasir/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeldBlocks } from './held-blocks.js';

/** The naive form: parent text by block text, `null` at the root. */
type Oracle = Map<string, string | null>;

const textOf = (words: Uint32Array | null, index = 0): string | null =>
  words === null ? null : `${words[index * 2] ?? 0}:${words[index * 2 + 1] ?? 0}`;

/** Every visited block with its parent, in the order of visits. */
function visited(held: HeldBlocks): [string | null, string | null][] {
  const blocks: [string | null, string | null][] = [];
  held.forEachChain((parent, hashes) => {
    for (let index = 0; index < hashes.length / 2; index += 1)
      blocks.push([textOf(hashes, index), index === 0 ? textOf(parent) : textOf(hashes, index - 1)]);
  });
  return blocks;
}

function expectEqual(held: HeldBlocks, oracle: Oracle): void {
  expect(held.size).toBe(oracle.size);
  const blocks = visited(held);
  expect(new Map(blocks)).toEqual(oracle);
  expect(blocks).toHaveLength(oracle.size);
}

/** Fails when a held parent comes after one of its children. */
function expectParentsFirst(held: HeldBlocks): void {
  const blocks = visited(held);
  const all = new Set(blocks.map(([block]) => block));
  const seen = new Set<string | null>();
  for (const [block, parent] of blocks) {
    if (parent !== null && all.has(parent) && !seen.has(parent))
      expect.fail(`${block ?? ''} comes before its parent`);
    seen.add(block);
  }
}

/** Block `id` of a fixed tree in which every third block has a sibling. */
const wordsOf = (id: number): Uint32Array => Uint32Array.of(Math.imul(id, 2654435761) >>> 0, id);
const parentOf = (id: number): number => (id % 3 === 0 ? Math.floor(id / 2) - 1 : id - 1);

describe('HeldBlocks', () => {
  it('is equal to a map of parents after any adds and deletes', () => {
    const step = fc.record({ id: fc.integer({ min: 1, max: 60 }), isDelete: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const held = new HeldBlocks();
        const oracle: Oracle = new Map();
        for (const { id, isDelete } of steps) {
          const words = wordsOf(id);
          const key = textOf(words) ?? '';
          if (isDelete) {
            expect(held.delete(words[0] ?? 0, words[1] ?? 0)).toBe(oracle.delete(key));
            continue;
          }
          const parent = parentOf(id) < 1 ? null : wordsOf(parentOf(id));
          expect(held.add(parent, words, 0)).toBe(!oracle.has(key));
          if (!oracle.has(key)) oracle.set(key, textOf(parent));
        }
        expectEqual(held, oracle);
        expectParentsFirst(held);
      }),
    );
  });

  it('is equal to a map when all blocks fall into few slots', () => {
    const held = new HeldBlocks();
    const oracle: Oracle = new Map();
    const prng = seededPrng(5);
    for (let round = 0; round < 4_000; round += 1) {
      // Neighbours of the table's end as well, so that probing wraps round.
      const words = Uint32Array.of(1_020 + Math.floor(prng() * 6), Math.floor(prng() * 30));
      const key = textOf(words) ?? '';
      if (prng() < 0.5) expect(held.delete(words[0] ?? 0, words[1] ?? 0)).toBe(oracle.delete(key));
      else if (held.add(null, words, 0)) oracle.set(key, null);
    }
    expectEqual(held, oracle);
  });

  it('grows beyond its first table and keeps every block', () => {
    const held = new HeldBlocks();
    const count = 20_000;
    const hashes = Uint32Array.from(
      { length: count * 2 },
      (_, index) => Math.imul(index + 1, 2654435761) >>> 0,
    );
    for (let index = 0; index < count; index += 1) expect(held.add(null, hashes, index)).toBe(true);
    expect(held.size).toBe(count);
    expect(held.bytes / count).toBeLessThanOrEqual(45);
    const chains: number[] = [];
    held.forEachChain((_parent, chain) => chains.push(chain.length / 2));
    expect(chains.reduce((sum, blocks) => sum + blocks, 0)).toBe(count);
    expect(chains.length).toBe(Math.ceil(count / 4_096));
    expectParentsFirst(held);
  });

  it('names a parent that is not held, so that its children are not taken for roots', () => {
    const held = new HeldBlocks();
    held.add(null, Uint32Array.of(1, 0, 2, 0, 3, 0), 0);
    held.add(null, Uint32Array.of(1, 0, 2, 0, 3, 0), 1);
    held.add(null, Uint32Array.of(1, 0, 2, 0, 3, 0), 2);
    held.delete(2, 0);
    expect(new Map(visited(held))).toEqual(
      new Map([
        ['1:0', null],
        ['3:0', '2:0'],
      ]),
    );
  });

  it('visits blocks that claim to be one another’s ancestors', () => {
    const held = new HeldBlocks();
    held.add(Uint32Array.of(2, 0), Uint32Array.of(1, 0), 0);
    held.add(Uint32Array.of(1, 0), Uint32Array.of(2, 0), 0);
    expect(visited(held)).toHaveLength(2);
  });

  it('clear() forgets all and gives the memory back', () => {
    const held = new HeldBlocks();
    const { bytes } = held;
    for (let index = 1; index < 5_000; index += 1) held.add(null, Uint32Array.of(index, 7), 0);
    held.clear();
    expect(held).toMatchObject({ size: 0, bytes });
    expect(visited(held)).toEqual([]);
    expect(held.has(1, 7)).toBe(false);
  });
});
