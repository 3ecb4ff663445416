import { checkBlockSize, hashRun } from './hash-run.js';
import { DEFAULT_SEED } from './namespace-seed.js';
import type { NamespaceSeed } from './namespace-seed.js';

/**
 * Returns the sequence hashes of all complete blocks of `tokens`, 2 words each (lo, hi); a partial last block has none.
 * `parent` (2 words) is the sequence hash of the block before `tokens[0]`; without it the run starts a sequence.
 * @throws RangeError for a bad block size or a parent that is not 2 words.
 */
export function sequenceHashes(
  tokens: Uint32Array,
  blockSize: number,
  seed: NamespaceSeed = DEFAULT_SEED,
  parent: Uint32Array | null = null,
): Uint32Array {
  checkBlockSize(blockSize);
  if (parent !== null && parent.length !== 2) {
    throw new RangeError(`Cannot chain blocks: parent must be 2 words, received ${parent.length}`);
  }
  const blockCount = Math.floor(tokens.length / blockSize);
  const words = new Uint32Array(blockCount * 2);
  const parentWords = parent === null ? null : { lo: parent[0] ?? 0, hi: parent[1] ?? 0 };
  hashRun({ tokens, blockSize, seed, parent: parentWords, words, localWords: null }, 0, blockCount);
  return words;
}
