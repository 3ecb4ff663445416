import { xxh3 as independent } from '@node-rs/xxhash';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_SIZE_MAX } from './hash-run.js';
import type { HashWords } from './hash-words.js';
import { mediaContent } from './media.js';
import type { MediaSpan } from './media.js';
import { PromptBlocks } from './prompt-blocks.js';
import { DEFAULT_SEED, namespaceSeed } from './namespace-seed.js';
import { sequenceHashes } from './sequence-hashes.js';

const wide = ({ lo, hi }: HashWords): bigint => (BigInt(hi) << 32n) | BigInt(lo);

/** The definition: a block's bytes are its tokens and the different contents that it overlaps, in rising order. */
function expectedHashes(tokens: Uint32Array, blockSize: number, spans: readonly MediaSpan[]): bigint[] {
  const hashes: bigint[] = [];
  for (let from = 0; from + blockSize <= tokens.length; from += blockSize) {
    const contents = spans
      .filter(({ firstToken, tokenCount }) => firstToken < from + blockSize && firstToken + tokenCount > from)
      .map(({ content }) => wide(content));
    const different = [...new Set(contents)].toSorted((one, other) => (one < other ? -1 : 1));
    const bytes = Buffer.alloc(blockSize * 4 + different.length * 8);
    for (let at = 0; at < blockSize; at += 1) bytes.writeUInt32LE(tokens[from + at] ?? 0, at * 4);
    for (const [index, content] of different.entries())
      bytes.writeBigUInt64LE(content, blockSize * 4 + index * 8);
    const local = independent.xxh64(bytes, 1337n);
    const pair = Buffer.alloc(16);
    pair.writeBigUInt64LE(hashes.at(-1) ?? 0n, 0);
    pair.writeBigUInt64LE(local, 8);
    hashes.push(hashes.length === 0 ? local : independent.xxh64(pair, 1337n));
  }
  return hashes;
}

const asBigInts = (words: Uint32Array): bigint[] =>
  Array.from({ length: words.length / 2 }, (_, block) =>
    wide({ lo: words[block * 2] ?? 0, hi: words[block * 2 + 1] ?? 0 }),
  );

describe('mediaContent()', () => {
  it('takes 16 digits of a digest, and hashes any other text', () => {
    const digest = `0123456789abcdef${'5'.repeat(48)}`;
    expect(wide(mediaContent(digest))).toBe(0x0123_4567_89ab_cdefn);
    expect(wide(mediaContent(digest.toUpperCase()))).toBe(0x0123_4567_89ab_cdefn);
    for (const text of ['img-1', '0123456789abcdef', 'é€😀', ''])
      expect(wide(mediaContent(text))).toBe(independent.xxh64(Buffer.from(text), 0n));
  });
});

describe('hashes of prompts with media', { timeout: 60_000 }, () => {
  it('are those of the definition, in any steps', () => {
    const word = fc.constantFrom(0, 1, 2, 0x8000_0000, 0xffff_ffff);
    const span = fc.record({
      content: fc.record({ lo: word, hi: word }),
      firstToken: fc.nat({ max: 400 }),
      tokenCount: fc.integer({ min: 1, max: 120 }),
    });
    fc.assert(
      fc.property(
        fc.uint32Array({ maxLength: 400 }),
        fc.integer({ min: 1, max: 70 }),
        fc.array(span, { maxLength: 5 }),
        fc.array(fc.nat({ max: 60 }), { maxLength: 4 }),
        (tokens, blockSize, spans, steps) => {
          const prompt = new PromptBlocks(tokens, blockSize, DEFAULT_SEED, spans);
          for (const step of steps) prompt.hashTo(step);
          prompt.hashTo(prompt.blockCount);
          expect(asBigInts(prompt.words)).toEqual(expectedHashes(tokens, blockSize, spans));
        },
      ),
      { numRuns: 800 },
    );
  });

  it('are those of tokens alone before the first item, and differ by content from there on', () => {
    const tokens = new Uint32Array(64).fill(7);
    const seed = namespaceSeed({ cacheSalt: 's' });
    const hashesWith = (identifier: string): Uint32Array => {
      const content = mediaContent(identifier);
      const prompt = new PromptBlocks(tokens, 16, seed, [{ content, firstToken: 20, tokenCount: 4 }]);
      prompt.hashTo(4);
      return prompt.words;
    };
    const [one, other] = [hashesWith('one'), hashesWith('other')];
    const plain = sequenceHashes(tokens, 16, seed);
    expect(one.slice(0, 2)).toEqual(plain.slice(0, 2));
    for (let at = 2; at < 8; at += 2)
      expect(new Set([one, other, plain].map((words) => words.slice(at, at + 2).join())).size).toBe(3);
  });

  it('refuses more items in a block than can be hashed', () => {
    const spans = Array.from({ length: BLOCK_SIZE_MAX / 2 }, (_, lo) => ({
      ...{ content: { lo, hi: 0 }, firstToken: 0, tokenCount: 1 },
    }));
    expect(() => new PromptBlocks(new Uint32Array(16), 16, DEFAULT_SEED, spans)).toThrow(RangeError);
  });
});
