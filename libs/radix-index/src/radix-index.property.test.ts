import { NaivePrefixIndex } from '@kvasir/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SetDigest } from './digest.js';
import { RadixIndex } from './radix-index.js';
import type { PrefixQuery, StoredChain } from './types.js';

/** A prefix tree made in advance: `parents[i]` is the parent of block i (below i), or null. Events name paths in it. */
interface World {
  readonly parents: readonly (number | null)[];
  readonly areHashesSmall: boolean;
}

type Step =
  | { readonly kind: 'stored'; readonly target: number; readonly tip: number; readonly length: number }
  | { readonly kind: 'removed'; readonly target: number; readonly blocks: readonly number[] }
  | {
      readonly kind: 'removedPath';
      readonly target: number;
      readonly tip: number;
      readonly isHeadFirst: boolean;
    }
  | { readonly kind: 'removeTarget'; readonly target: number }
  | {
      readonly kind: 'lie';
      readonly target: number;
      readonly parent: number | null;
      readonly blocks: readonly number[];
    }
  | { readonly kind: 'restore'; readonly target: number; readonly tip: number; readonly length: number };

function wordsOf(world: World, blocks: readonly number[]): Uint32Array {
  const words = new Uint32Array(blocks.length * 2);
  blocks.forEach((block, index) => {
    words[index * 2] = world.areHashesSmall ? block + 1 : Math.imul(block + 1, 0x9e3779b1) >>> 0;
    words[index * 2 + 1] = world.areHashesSmall ? 0 : Math.imul(block + 7, 0x85ebca6b) >>> 0;
  });
  return words;
}

function pathTo(world: World, tip: number): number[] {
  const path: number[] = [];
  for (let at: number | null = tip; at !== null; at = world.parents[at] ?? null) path.unshift(at);
  return path;
}

function queryOf(words: Uint32Array): PrefixQuery & { hashedTo: number } {
  return {
    blockCount: words.length / 2,
    words,
    hashedTo: 0,
    hashTo(blockCount) {
      this.hashedTo = Math.max(this.hashedTo, blockCount);
    },
  };
}

interface Shape {
  readonly blocks: number;
  readonly targets: number;
  readonly steps: number;
  readonly isLong?: boolean;
}

function worlds(shape: Shape): fc.Arbitrary<World> {
  return fc
    .tuple(
      fc.array(fc.tuple(fc.nat({ max: 99 }), fc.nat({ max: 1000 })), {
        minLength: shape.blocks,
        maxLength: shape.blocks,
      }),
      fc.boolean(),
    )
    .map(([draws, areHashesSmall]) => ({
      areHashesSmall,
      parents: draws.map(([kind, draw], block) => {
        if (block === 0) return null;
        if (kind < (shape.isLong === true ? 90 : 60)) return block - 1;
        return kind < 95 ? draw % block : null;
      }),
    }));
}

function steps(shape: Shape): fc.Arbitrary<Step[]> {
  const target = fc.nat({ max: shape.targets - 1 });
  const block = fc.nat({ max: shape.blocks - 1 });
  const blocks = fc.array(block, { maxLength: 6 });
  const length = fc.oneof(fc.nat({ max: 4 }), fc.constant(shape.blocks));
  return fc.array(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({ kind: fc.constant('stored' as const), target, tip: block, length }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('removed' as const), target, blocks }) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('removedPath' as const),
          target,
          tip: block,
          isHeadFirst: fc.boolean(),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('removeTarget' as const), target }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('lie' as const), target, parent: fc.option(block), blocks }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('restore' as const), target, tip: block, length }),
      },
    ),
    { maxLength: shape.steps },
  );
}

function apply(world: World, step: Step, index: RadixIndex | NaivePrefixIndex): unknown {
  switch (step.kind) {
    case 'stored':
    case 'restore': {
      const path = pathTo(world, step.tip);
      const from = Math.max(0, path.length - step.length);
      const parent = from === 0 ? null : wordsOf(world, path.slice(from - 1, from));
      const hashes = wordsOf(world, path.slice(from));
      return step.kind === 'stored'
        ? index.applyStored(step.target, parent, hashes)
        : index.restore({ target: step.target, parent, hashes });
    }
    case 'removed':
      return index.applyRemoved(step.target, wordsOf(world, step.blocks));
    case 'removedPath': {
      const path = pathTo(world, step.tip);
      return index.applyRemoved(step.target, wordsOf(world, step.isHeadFirst ? path : path.reverse()));
    }
    case 'removeTarget':
      return index.removeTarget(step.target);
    case 'lie': {
      const parent = step.parent === null ? null : wordsOf(world, [step.parent]);
      return index.applyStored(step.target, parent, wordsOf(world, step.blocks));
    }
  }
}

/** Blocks whose every path of parents in the index agrees with the world; lies can give a block another place. */
function expectSameMatches(world: World, index: RadixIndex, oracle: NaivePrefixIndex, targets: number): void {
  const overlaps = new Uint32Array(targets);
  for (let tip = 0; tip < world.parents.length; tip += 1) {
    const words = wordsOf(world, pathTo(world, tip));
    const expected = oracle.match(words, targets);
    const deepest = index.match(queryOf(words), overlaps);
    expect([...overlaps]).toEqual(expected);
    expect(deepest).toBe(Math.max(...expected));
  }
}

function expectSameState(index: RadixIndex, oracle: NaivePrefixIndex, targets: number): void {
  expect(index.blockCount).toBe(oracle.blockCount);
  expect(index.evictedBlockCount).toBe(oracle.evictedBlockCount);
  let holedTargetCount = 0;
  for (let target = 0; target < targets; target += 1) {
    const held = oracle.heldBy(target);
    const digest = new SetDigest();
    for (const key of held) digest.add(Number(`0x${key.slice(8)}`) | 0, Number(`0x${key.slice(0, 8)}`) | 0);
    expect(index.memberCount(target)).toBe(held.length);
    expect(index.digest(target)).toEqual({
      lo: digest.lo,
      hi: digest.hi,
      blockCount: held.length,
      isComplete: oracle.isComplete(target),
    });
    if (oracle.hasHole(target)) holedTargetCount += 1;
  }
  expect(index.holedTargetCount).toBe(holedTargetCount);
}

const withoutLies = (step: Step): boolean => step.kind !== 'lie';

describe('RadixIndex against the naive oracle', { timeout: 60_000 }, () => {
  it.each([
    { name: 'few blocks', shape: { blocks: 8, targets: 3, steps: 40 }, blockCountMax: 1000, runs: 3000 },
    { name: 'a limit', shape: { blocks: 14, targets: 3, steps: 40 }, blockCountMax: 6, runs: 3000 },
    { name: 'a limit of one', shape: { blocks: 5, targets: 2, steps: 20 }, blockCountMax: 1, runs: 500 },
    { name: 'many targets', shape: { blocks: 10, targets: 70, steps: 160 }, blockCountMax: 1000, runs: 400 },
    {
      name: 'long chains',
      shape: { blocks: 90, targets: 4, steps: 30, isLong: true },
      blockCountMax: 1000,
      runs: 300,
    },
    {
      name: 'long chains, a limit',
      shape: { blocks: 60, targets: 20, steps: 60, isLong: true },
      blockCountMax: 40,
      runs: 200,
    },
  ])('gives the same outcomes, counts and matches: $name', ({ shape, blockCountMax, runs }) => {
    fc.assert(
      fc.property(worlds(shape), steps(shape), (world, allSteps) => {
        const index = new RadixIndex({ blockCountMax });
        const oracle = new NaivePrefixIndex(blockCountMax);
        for (const step of allSteps.filter(withoutLies)) {
          expect(apply(world, step, index)).toEqual(apply(world, step, oracle));
        }
        expectSameState(index, oracle, shape.targets);
        expectSameMatches(world, index, oracle, shape.targets);
      }),
      { numRuns: runs },
    );
  });

  it('gives the same outcomes and counts when events lie about parents', () => {
    const shape = { blocks: 10, targets: 3, steps: 50 };
    fc.assert(
      fc.property(
        worlds(shape),
        steps(shape),
        fc.integer({ min: 1, max: 12 }),
        (world, allSteps, blockCountMax) => {
          const index = new RadixIndex({ blockCountMax });
          const oracle = new NaivePrefixIndex(blockCountMax);
          for (const step of allSteps) {
            expect(apply(world, step, index)).toEqual(apply(world, step, oracle));
            expectSameState(index, oracle, shape.targets);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('dump() and restore() give an index that answers and digests alike', () => {
    const shape = { blocks: 14, targets: 5, steps: 50 };
    fc.assert(
      fc.property(worlds(shape), steps(shape), (world, allSteps) => {
        const index = new RadixIndex({ blockCountMax: 1000 });
        const oracle = new NaivePrefixIndex(1000);
        for (const step of allSteps.filter(withoutLies)) {
          apply(world, step, index);
          apply(world, step, oracle);
        }
        const chains: StoredChain[] = [...index.dump()];
        const copy = new RadixIndex({ blockCountMax: 1000 });
        for (const chain of chains) copy.restore(chain);
        expectSameMatches(world, copy, oracle, shape.targets);
        for (let target = 0; target < shape.targets; target += 1) {
          expect(copy.digest(target)).toEqual(index.digest(target));
          const alone = new RadixIndex({ blockCountMax: 1000 });
          for (const chain of index.dump(target)) alone.restore(chain);
          expect(alone.digest(target)).toEqual(index.digest(target));
        }
        // The copy goes on like the original.
        for (const step of allSteps.filter(withoutLies)) {
          apply(world, step, copy);
          apply(world, step, oracle);
        }
        expectSameMatches(world, copy, oracle, shape.targets);
      }),
      { numRuns: 1000 },
    );
  });

  it('leaves nothing behind when every target is removed', () => {
    const shape = { blocks: 20, targets: 4, steps: 60 };
    fc.assert(
      fc.property(worlds(shape), steps(shape), (world, allSteps) => {
        const index = new RadixIndex({ blockCountMax: 15 });
        for (const step of allSteps) apply(world, step, index);
        for (let target = 0; target < shape.targets; target += 1) index.removeTarget(target);
        expect(index.blockCount).toBe(0);
        expect(index.setCount).toBe(0);
        expect([...index.dump()]).toEqual([]);
        expect(index.digest(0)).toEqual({ lo: 0, hi: 0, blockCount: 0, isComplete: true });
      }),
      { numRuns: 1000 },
    );
  });
});
