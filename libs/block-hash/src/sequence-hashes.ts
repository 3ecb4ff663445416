import { checkBlockSize, checkMedia, hashRun } from './hash-run.js';
import type { BlockMedia } from './media.js';
import { DEFAULT_SEED } from './namespace-seed.js';
import type { NamespaceSeed } from './namespace-seed.js';

/** What comes before a run, and what is in it beside tokens. */
export interface SequenceStart {
  readonly parent?: Uint32Array | null | undefined;
  readonly media?: BlockMedia | null | undefined;
}

/**
 * Returns the sequence hashes of all complete blocks of `tokens`, 2 words each (lo, hi); a partial last block has none.
 * `parent` (2 words) is the sequence hash of the block before `tokens[0]`; without it the run starts a sequence. Blocks with media are hashed over
 * their tokens and the contents.
 * @throws RangeError for a bad block size, a parent that is not 2 words, or too much media in one block.
 */
export function sequenceHashes(
  tokens: Uint32Array,
  blockSize: number,
  seed: NamespaceSeed = DEFAULT_SEED,
  { parent = null, media = null }: SequenceStart = {},
): Uint32Array {
  checkBlockSize(blockSize);
  checkMedia(blockSize, media);
  if (parent !== null && parent.length !== 2) {
    throw new RangeError(`Cannot chain blocks: parent must be 2 words, received ${parent.length}`);
  }
  const blockCount = Math.floor(tokens.length / blockSize);
  const words = new Uint32Array(blockCount * 2);
  const parentWords = parent === null ? null : { lo: parent[0] ?? 0, hi: parent[1] ?? 0 };
  hashRun({ tokens, blockSize, seed, parent: parentWords, media, words, localWords: null }, 0, blockCount);
  return words;
}
