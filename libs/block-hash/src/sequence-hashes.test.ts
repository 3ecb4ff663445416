import { xxh3 as independent } from '@node-rs/xxhash';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_SIZE_MAX } from './hash-run.js';
import type { HashWords } from './hash-words.js';
import { DEFAULT_SEED } from './namespace-seed.js';
import { sequenceHashes } from './sequence-hashes.js';

/** The definition, block by block on bigints. */
function expectedHashes(
  tokens: Uint32Array,
  blockSize: number,
  seed: HashWords,
  parent: bigint | null = null,
): bigint[] {
  const seed64 = (BigInt(seed.hi) << 32n) | BigInt(seed.lo);
  const hashes: bigint[] = [];
  let previous = parent;
  for (let at = 0; at + blockSize <= tokens.length; at += blockSize) {
    const block = Buffer.alloc(blockSize * 4);
    for (let index = 0; index < blockSize; index += 1)
      block.writeUInt32LE(tokens[at + index] ?? 0, index * 4);
    const local = independent.xxh64(block, seed64);
    if (previous === null) {
      previous = local;
    } else {
      const pair = Buffer.alloc(16);
      pair.writeBigUInt64LE(previous, 0);
      pair.writeBigUInt64LE(local, 8);
      previous = independent.xxh64(pair, 1337n);
    }
    hashes.push(previous);
  }
  return hashes;
}

const asBigInts = (words: Uint32Array): bigint[] =>
  Array.from({ length: words.length / 2 }, (_, block) =>
    BigInt.asUintN(64, (BigInt(words[block * 2 + 1] ?? 0) << 32n) | BigInt(words[block * 2] ?? 0)),
  );

function someTokens(count: number, salt: number): Uint32Array {
  const tokens = new Uint32Array(count);
  for (let index = 0; index < count; index += 1) tokens[index] = Math.imul(index ^ salt, 0x85ebca6b) >>> 0;
  return tokens;
}

describe('sequenceHashes()', { timeout: 60_000 }, () => {
  it('agrees with the definition for every block size from 1 to 1,024', () => {
    for (let blockSize = 1; blockSize <= 1024; blockSize += 1) {
      const tokens = someTokens(blockSize * 3 + (blockSize >> 1), blockSize);
      const seed = blockSize % 2 === 0 ? DEFAULT_SEED : { lo: blockSize * 7919, hi: 0xfffffff0 };
      expect(asBigInts(sequenceHashes(tokens, blockSize, seed))).toEqual(
        expectedHashes(tokens, blockSize, seed),
      );
    }
  });

  it('agrees for prompts that go through the kernel in slices', () => {
    for (const [count, blockSize] of [
      [131_072, 64],
      [100_003, 16],
      [9_001, 1],
      [70_001, 1000],
      [BLOCK_SIZE_MAX * 2 + 5, BLOCK_SIZE_MAX],
      [BLOCK_SIZE_MAX * 3, BLOCK_SIZE_MAX - 1],
    ] as const) {
      const tokens = someTokens(count, 3);
      expect(asBigInts(sequenceHashes(tokens, blockSize))).toEqual(
        expectedHashes(tokens, blockSize, DEFAULT_SEED),
      );
    }
  });

  it('agrees for any tokens, seed, parent and place in their buffer', () => {
    const word = fc.nat({ max: 0xffffffff });
    fc.assert(
      fc.property(
        fc.record({
          tokens: fc.uint32Array({ maxLength: 700 }),
          blockSize: fc.integer({ min: 1, max: 150 }),
          seed: fc.record({ lo: word, hi: word }),
          parent: fc.option(fc.tuple(word, word)),
          shift: fc.nat({ max: 9 }),
        }),
        ({ tokens, blockSize, seed, parent, shift }) => {
          const buffer = new Uint32Array(tokens.length + shift);
          buffer.set(tokens, shift);
          const words = sequenceHashes(buffer.subarray(shift), blockSize, seed, {
            parent: parent && Uint32Array.from(parent),
          });
          const parent64 = parent && (BigInt(parent[1]) << 32n) | BigInt(parent[0]);
          expect(asBigInts(words)).toEqual(expectedHashes(tokens, blockSize, seed, parent64));
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('chains onto a parent as if the run were one', () => {
    const tokens = someTokens(64 * 10, 1);
    const whole = sequenceHashes(tokens, 64);
    const rest = sequenceHashes(tokens.subarray(64 * 4), 64, DEFAULT_SEED, { parent: whole.slice(6, 8) });
    expect(rest).toEqual(whole.slice(8));
  });

  it('leaves out a partial last block', () => {
    expect(sequenceHashes(someTokens(63, 1), 64)).toHaveLength(0);
    expect(sequenceHashes(someTokens(127, 1), 64)).toHaveLength(2);
  });

  it('keeps its values: a change would empty every cache of a running fleet', () => {
    const tokens = Uint32Array.from({ length: 12 }, (_, index) => index);
    expect(asBigInts(sequenceHashes(tokens, 4)).map((hash) => hash.toString(16))).toMatchInlineSnapshot(`
      [
        "7ee2cbedc694ab46",
        "83fb702f20e2ad65",
        "ebe58e326790467b",
      ]
    `);
  });

  it.each([0, -1, 1.5, Number.NaN, BLOCK_SIZE_MAX + 1])('refuses block size %d', (blockSize) => {
    expect(() => sequenceHashes(someTokens(8, 1), blockSize)).toThrow(RangeError);
  });

  it('refuses a parent that is not two words', () => {
    expect(() => sequenceHashes(someTokens(8, 1), 4, DEFAULT_SEED, { parent: new Uint32Array(3) })).toThrow(
      RangeError,
    );
  });
});
