import { seededPrng } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { RadixIndex } from './radix-index.js';
import type { PrefixQuery } from './types.js';

/** Well-spread words for block numbers. */
function hashesOf(blocks: readonly number[]): Uint32Array {
  const words = new Uint32Array(blocks.length * 2);
  blocks.forEach((block, index) => {
    words[index * 2] = Math.imul(block + 1, 0x9e3779b1);
    words[index * 2 + 1] = Math.imul(block + 3, 0xc2b2ae3d);
  });
  return words;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

interface CountedQuery extends PrefixQuery {
  hashedCount: number;
}

/** A query that shows zeros for what it has not been asked to hash. */
function lazyQuery(blocks: readonly number[]): CountedQuery {
  const all = hashesOf(blocks);
  return {
    blockCount: blocks.length,
    words: new Uint32Array(all.length),
    hashedCount: 0,
    hashTo(blockCount) {
      this.hashedCount = Math.max(this.hashedCount, blockCount);
      this.words.set(all.subarray(0, this.hashedCount * 2));
    },
  };
}

describe('match()', () => {
  it('hashes no further than four times what is held, and eight blocks at least', () => {
    const overlaps = new Uint32Array(2);
    for (const heldBlocks of [0, 1, 2, 5, 17, 64, 100, 333, 1000]) {
      const index = new RadixIndex({ blockCountMax: 5000 });
      index.applyStored(1, null, hashesOf(range(0, heldBlocks)));
      const query = lazyQuery(range(0, 4000));
      expect(index.match(query, overlaps)).toBe(heldBlocks);
      expect([...overlaps]).toEqual([0, heldBlocks]);
      expect(query.hashedCount).toBeLessThanOrEqual(Math.max(8, heldBlocks * 4 + 2));
    }
  });

  it('gives every target its own depth along one long chain, holes or not', () => {
    const prng = seededPrng(11);
    const targetCount = 300;
    const index = new RadixIndex({ blockCountMax: 5000 });
    const depths = Array.from({ length: targetCount }, () => Math.floor(prng() ** 2 * 3000));
    depths.forEach((depth, target) => index.applyStored(target, null, hashesOf(range(0, depth))));
    const query = lazyQuery(range(0, 3500));
    const overlaps = new Uint32Array(targetCount);
    expect(index.match(query, overlaps)).toBe(Math.max(...depths));
    expect([...overlaps]).toEqual(depths);

    const holed = depths.map((depth, target) => {
      if (target % 3 !== 0 || depth < 2) return depth;
      const hole = Math.floor(prng() * (depth - 1));
      index.applyRemoved(target, hashesOf([hole]));
      return hole;
    });
    expect(index.holedTargetCount).toBeGreaterThan(50);
    expect(index.match(query, overlaps)).toBe(Math.max(...holed));
    expect([...overlaps]).toEqual(holed);
  });

  it('writes only what fits the array and clears what was there', () => {
    const index = new RadixIndex({ blockCountMax: 100 });
    for (let target = 0; target < 50; target += 1) index.applyStored(target, null, hashesOf([1, 2]));
    index.applyRemoved(2, hashesOf([1]));
    const overlaps = new Uint32Array(4).fill(9);
    expect(index.match(lazyQuery([1, 2]), overlaps)).toBe(2);
    expect([...overlaps]).toEqual([2, 2, 0, 2]);
    expect(index.match(lazyQuery([]), overlaps)).toBe(0);
    expect([...overlaps]).toEqual([0, 0, 0, 0]);
  });
});

describe('RadixIndex with many blocks', { timeout: 60_000 }, () => {
  it('agrees with a plain model through growth, removal and reuse of ids', () => {
    const prng = seededPrng(5);
    const index = new RadixIndex({ blockCountMax: 1_000_000 });
    const held = Array.from({ length: 4 }, () => new Set<number>());
    const chainOf = (chain: number): number[] => range(chain * 100, chain * 100 + 100);
    for (let round = 0; round < 3000; round += 1) {
      const chain = Math.floor(prng() * 500);
      const target = Math.floor(prng() * 4);
      const blocks = chainOf(chain);
      const set = held[target] ?? new Set();
      if (prng() < 0.6) {
        const stored = blocks.slice(0, 1 + Math.floor(prng() * 100));
        index.applyStored(target, null, hashesOf(stored));
        for (const block of stored) set.add(block);
      } else {
        const removed = blocks.slice(Math.floor(prng() * 100));
        index.applyRemoved(target, hashesOf(removed));
        for (const block of removed) set.delete(block);
      }
      if (round % 700 === 699) {
        expect(index.removeTarget(target)).toBe(set.size);
        set.clear();
      }
    }
    expect(index.blockCount).toBe(new Set(held.flatMap((set) => [...set])).size);
    expect(index.blockCount).toBeGreaterThan(10_000);
    const overlaps = new Uint32Array(4);
    for (let chain = 0; chain < 500; chain += 1) {
      const blocks = chainOf(chain);
      index.match(lazyQuery(blocks), overlaps);
      held.forEach((set, target) => {
        const missing = blocks.findIndex((block) => !set.has(block));
        expect(overlaps[target]).toBe(missing === -1 ? 100 : missing);
      });
    }
    for (let target = 0; target < 4; target += 1) index.removeTarget(target);
    expect(index.blockCount).toBe(0);
  });

  it('stays within its limit while everything changes', () => {
    const prng = seededPrng(8);
    const index = new RadixIndex({ blockCountMax: 5000 });
    for (let round = 0; round < 4000; round += 1) {
      const chain = Math.floor(prng() * 1000);
      const length = 1 + Math.floor(prng() * 60);
      index.applyStored(round % 7, null, hashesOf(range(chain * 60, chain * 60 + length)));
      expect(index.blockCount).toBeLessThanOrEqual(5000);
    }
    expect(index.evictedBlockCount).toBeGreaterThan(5000);
    const copy = new RadixIndex({ blockCountMax: 5000 });
    for (const chain of index.dump()) copy.restore(chain);
    expect(copy.blockCount).toBe(index.blockCount);
    for (let target = 0; target < 7; target += 1) {
      expect({ ...copy.digest(target), isComplete: null }).toEqual({
        ...index.digest(target),
        isComplete: null,
      });
    }
  });

  it('costs at most 32 bytes per block when it is full', () => {
    const index = new RadixIndex({ blockCountMax: 400_000 });
    for (let chain = 0; chain < 4000; chain += 1) {
      index.applyStored(chain % 50, null, hashesOf(range(chain * 100, chain * 100 + 100)));
    }
    expect(index.blockCount).toBe(400_000);
    expect(index.bytes / index.blockCount).toBeLessThanOrEqual(32);
  });

  it('does not grow while as much goes as comes', () => {
    const index = new RadixIndex({ blockCountMax: 100_000 });
    for (let chain = 0; chain < 200; chain += 1) {
      index.applyStored(0, null, hashesOf(range(chain * 100, chain * 100 + 100)));
    }
    const bytes = index.bytes;
    for (let chain = 200; chain < 1500; chain += 1) {
      index.applyRemoved(0, hashesOf(range((chain - 200) * 100, (chain - 199) * 100).reverse()));
      index.applyStored(0, null, hashesOf(range(chain * 100, chain * 100 + 100)));
    }
    expect(index.blockCount).toBe(20_000);
    expect(index.bytes).toBeLessThan(bytes * 1.2);
  });

  it('frees what a branch needed when the branch goes', () => {
    const index = new RadixIndex({ blockCountMax: 10_000 });
    index.applyStored(0, null, hashesOf([0]));
    const bytes = index.bytes;
    for (let parent = 1; parent <= 300; parent += 1) {
      index.applyStored(0, null, hashesOf([parent, parent + 1000]));
      index.applyStored(0, hashesOf([parent]), hashesOf([parent + 2000]));
      index.applyRemoved(0, hashesOf([parent + 1000 * (1 + (parent % 2))]));
    }
    expect(index.bytes).toBe(bytes);
  });

  it('refuses hashes that are made to collide, and serves the others', () => {
    const index = new RadixIndex({ blockCountMax: 10_000 });
    const colliding = new Uint32Array(2);
    let refusedBlocks = 0;
    for (let hash = 0; hash < 1500; hash += 1) {
      // All of these mix to the same 32 bits.
      colliding[0] = Math.imul(hash ^ (hash >>> 15), 0x9e3779b1);
      colliding[1] = hash;
      const outcome = index.applyStored(0, null, colliding);
      if (outcome.kind === 'limitReached') refusedBlocks += outcome.refusedBlocks;
    }
    expect(refusedBlocks).toBeGreaterThan(0);
    expect(index.refusedBlockCount).toBe(refusedBlocks);
    expect(index.memberCount(0)).toBe(1500 - refusedBlocks);
    expect(index.digest(0).isComplete).toBe(false);
    expect(index.applyStored(1, null, hashesOf(range(5000, 8000)))).toEqual({
      kind: 'applied',
      addedBlocks: 3000,
    });
    expect(index.removeTarget(0)).toBe(1500 - refusedBlocks);
    expect(index.blockCount).toBe(3000);
  });
});

describe('limits', () => {
  it('refuses new sets of holders when these have used up their bytes', () => {
    const index = new RadixIndex({ blockCountMax: 1000, setBytesMax: 64 });
    for (let block = 0; block < 3; block += 1) index.applyStored(0, null, hashesOf([block]));
    expect(index.applyStored(1, null, hashesOf([0]))).toEqual({ kind: 'applied', addedBlocks: 1 });
    expect(index.applyStored(2, null, hashesOf([1]))).toEqual({ kind: 'applied', addedBlocks: 1 });
    expect(index.applyStored(3, null, hashesOf([2]))).toMatchObject({
      kind: 'limitReached',
      refusedBlocks: 1,
    });
    expect(index.applyStored(1, null, hashesOf([0]))).toEqual({ kind: 'duplicate' });
    expect(index.digest(3)).toMatchObject({ blockCount: 0, isComplete: false });
    index.removeTarget(1);
    expect(index.applyStored(3, null, hashesOf([2]))).toEqual({ kind: 'applied', addedBlocks: 1 });
  });

  it.each([
    [{ blockCountMax: 0 }, /blockCountMax/],
    [{ blockCountMax: 2 ** 27 }, /blockCountMax/],
    [{ blockCountMax: 1.5 }, /blockCountMax/],
    [{ blockCountMax: 1, targetCountMax: 0 }, /targetCountMax/],
    [{ blockCountMax: 1, setBytesMax: -1 }, /setBytesMax/],
  ])('refuses %j', (options, message) => {
    expect(() => new RadixIndex(options)).toThrow(message);
  });

  it.each([-1, 4, 0.5, Number.NaN])('refuses target %d of four', (target) => {
    const index = new RadixIndex({ blockCountMax: 10, targetCountMax: 4 });
    expect(() => index.applyStored(target, null, hashesOf([1]))).toThrow(RangeError);
    expect(() => index.removeTarget(target)).toThrow(RangeError);
    expect(() => index.digest(target)).toThrow(RangeError);
  });

  it('refuses half a hash', () => {
    const index = new RadixIndex({ blockCountMax: 10 });
    expect(() => index.applyStored(0, null, new Uint32Array(3))).toThrow(RangeError);
    expect(() => index.applyRemoved(0, new Uint32Array(1))).toThrow(RangeError);
    expect(() => index.applyStored(0, new Uint32Array(4), hashesOf([1]))).toThrow(RangeError);
  });

  it('changes nothing for an event without blocks', () => {
    const index = new RadixIndex({ blockCountMax: 10 });
    expect(index.applyStored(0, null, new Uint32Array(0))).toEqual({ kind: 'duplicate' });
    expect(index.restore({ target: 0, parent: hashesOf([1]), hashes: new Uint32Array(0) })).toEqual({
      kind: 'duplicate',
    });
    expect(index.applyRemoved(0, new Uint32Array(0))).toEqual({ kind: 'applied', removedBlocks: 0 });
    expect(index.blockCount).toBe(0);
  });
});

describe('render()', () => {
  it('shows at most the lines asked for and how much it leaves out', () => {
    const index = new RadixIndex({ blockCountMax: 100 });
    index.applyStored(0, null, Uint32Array.of(1, 0, 2, 0, 3, 5));
    index.applyStored(3, null, Uint32Array.of(1, 0));
    index.applyStored(4, null, Uint32Array.of(1, 0));
    index.applyStored(5, null, Uint32Array.of(1, 0, 0xffff, 0xabc));
    expect(index.render()).toBe('1 {0,3-5}\n  2 +1 {0}\n  abc0000ffff {5}');
    expect(index.render(2)).toBe('1 {0,3-5}\n  2 +1 {0}\n… 1 more blocks');
    expect(new RadixIndex({ blockCountMax: 1 }).render()).toBe('');
  });
});

describe('dump()', () => {
  it('cuts long chains into pieces that restore', () => {
    const index = new RadixIndex({ blockCountMax: 20_000 });
    index.applyStored(2, null, hashesOf(range(0, 10_000)));
    const chains = [...index.dump(2)];
    expect(chains.map((chain) => chain.hashes.length / 2)).toEqual([4096, 4096, 1808]);
    expect(chains[1]?.parent).toEqual(hashesOf([4095]));
    expect([...index.dump(1)]).toEqual([]);
    const copy = new RadixIndex({ blockCountMax: 20_000 });
    for (const chain of chains) copy.restore(chain);
    expect(copy.digest(2)).toEqual(index.digest(2));
  });
});
