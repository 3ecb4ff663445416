import { bench, describe } from 'vitest';
import { PromptBlocks, sequenceHashes } from '../src/index.js';
import { plainSequenceHashes } from './plain-arithmetic.js';

/** Budget: 131,072 tokens in blocks of 64 in one call, at most 100 µs. */
const TOKEN_COUNT = 131_072;
const tokens = Uint32Array.from(
  { length: TOKEN_COUNT },
  (_, index) => (Math.imul(index, 2654435761) >>> 0) % 150_000,
);

describe('131,072 tokens, one call', () => {
  for (const blockSize of [16, 64, 512]) {
    bench(`kernel, block ${blockSize}`, () => {
      sequenceHashes(tokens, blockSize);
    });
  }

  const words = new Uint32Array((TOKEN_COUNT / 64) * 2);
  plainSequenceHashes(tokens, 64, words);
  const expected = sequenceHashes(tokens, 64);
  if (!words.every((word, index) => word === expected[index])) {
    throw new Error('The plain arithmetic does not agree with the kernel');
  }
  bench('plain arithmetic, block 64', () => {
    plainSequenceHashes(tokens, 64, words);
  });
});

describe('131,072 tokens, stopped early', () => {
  bench('first 8 blocks of 64', () => {
    new PromptBlocks(tokens, 64).hashTo(8);
  });
});
