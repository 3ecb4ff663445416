import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namespaceSeed } from './namespace-seed.js';
import { PromptBlocks } from './prompt-blocks.js';
import { sequenceHashes } from './sequence-hashes.js';

const tokensOf = (count: number): Uint32Array =>
  Uint32Array.from({ length: count }, (_, index) => Math.imul(index, 2654435761) >>> 0);

describe('PromptBlocks', { timeout: 60_000 }, () => {
  it('hashes only as far as asked', () => {
    const prompt = new PromptBlocks(tokensOf(1000), 16);
    expect(prompt).toMatchObject({ blockCount: 62, tokenCount: 1000, blockSize: 16, hashedCount: 0 });
    prompt.hashTo(3);
    expect(prompt.hashedCount).toBe(3);
    expect([...prompt.words.subarray(6)].every((word) => word === 0)).toBe(true);
    prompt.hashTo(2);
    expect(prompt.hashedCount).toBe(3);
    prompt.hashTo(1000);
    expect(prompt.hashedCount).toBe(62);
  });

  it('hashTo() in any steps gives what one call gives', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 0, max: 3000 }),
        fc.array(fc.nat({ max: 400 }), { maxLength: 8 }),
        (blockSize, tokenCount, steps) => {
          const tokens = tokensOf(tokenCount);
          const seed = namespaceSeed({ loraName: 'adapter' });
          const prompt = new PromptBlocks(tokens, blockSize, seed);
          for (const step of steps) prompt.hashTo(step);
          prompt.hashTo(prompt.blockCount);
          expect(prompt.words).toEqual(sequenceHashes(tokens, blockSize, seed));
          for (let block = 0; block < Math.min(5, prompt.blockCount); block += 1) {
            const alone = sequenceHashes(
              tokens.subarray(block * blockSize, (block + 1) * blockSize),
              blockSize,
              seed,
            );
            expect(prompt.localWords.slice(block * 2, block * 2 + 2)).toEqual(alone);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('resume() takes over what is known and hashes the rest alike', () => {
    const tokens = tokensOf(64 * 20);
    const first = new PromptBlocks(tokens.subarray(0, 64 * 12), 64);
    first.hashTo(9);
    const next = PromptBlocks.resume(first, 12, tokens);
    expect(next.hashedCount).toBe(9);
    next.hashTo(20);
    expect(next.words).toEqual(sequenceHashes(tokens, 64));
    const cut = PromptBlocks.resume(first, 4, tokens);
    expect(cut.hashedCount).toBe(4);
  });

  it('resume() refuses more blocks than both prompts have', () => {
    const first = new PromptBlocks(tokensOf(64), 16);
    expect(() => PromptBlocks.resume(first, 5, tokensOf(640))).toThrow(RangeError);
    expect(() => PromptBlocks.resume(first, 2, tokensOf(31))).toThrow(RangeError);
  });

  it('has no blocks when the prompt is shorter than one', () => {
    const prompt = new PromptBlocks(tokensOf(15), 16);
    prompt.hashTo(1);
    expect(prompt).toMatchObject({ blockCount: 0, hashedCount: 0 });
  });
});
