import {
  BLOCKS_PER_CALL_MAX,
  INPUT_BYTES,
  inputTokens,
  kernel,
  localWords as kernelLocalWords,
  sequenceWords as kernelSequenceWords,
} from './kernel.js';
import type { BlockMedia } from './media.js';
import { DEFAULT_SEED } from './namespace-seed.js';
import type { NamespaceSeed } from './namespace-seed.js';

/** Tokens in the largest block: what the kernel's input area holds. */
export const BLOCK_SIZE_MAX = INPUT_BYTES / 4;

/** @throws RangeError for more media in one block than can be hashed. */
export function checkMedia(blockSize: number, media: BlockMedia | null): void {
  for (const contents of media?.values() ?? [])
    if (blockSize + contents.length > BLOCK_SIZE_MAX)
      throw new RangeError(
        `Cannot hash blocks: ${blockSize} tokens and ${contents.length / 2} media items in one block are too many`,
      );
}

/** @throws RangeError unless `blockSize` is a whole number from 1 to `BLOCK_SIZE_MAX`. */
export function checkBlockSize(blockSize: number): void {
  if (!Number.isInteger(blockSize) || blockSize < 1 || blockSize > BLOCK_SIZE_MAX) {
    throw new RangeError(
      `Cannot hash blocks: blockSize must be a whole number from 1 to ${BLOCK_SIZE_MAX}, received ${blockSize}`,
    );
  }
}

/** A prompt being hashed: where its tokens are and where the words of its hashes go (2 per block: lo, hi). */
export interface HashRun {
  readonly tokens: Uint32Array;
  readonly blockSize: number;
  readonly seed: NamespaceSeed;
  /** Parent of block 0, or null when block 0 starts the sequence. */
  readonly parent: { readonly lo: number; readonly hi: number } | null;
  /** Null for tokens alone. */
  readonly media: BlockMedia | null;
  readonly words: Uint32Array;
  /** Null when the caller does not want the local hashes. */
  readonly localWords: Uint32Array | null;
}

/** Below this many words a loop copies faster than a view plus `set`. */
const LOOP_COPY_WORDS_MAX = 64;

/** Hashes blocks `from` (included; those before it are hashed) to `to` (excluded). O(tokens); no allocation per block. */
export function hashRun(run: HashRun, from: number, to: number): void {
  const blocksPerSlice = Math.min(BLOCKS_PER_CALL_MAX, Math.floor(BLOCK_SIZE_MAX / run.blockSize));
  if (run.media !== null) {
    hashWithMedia(run, from, { to, blocksPerSlice });
    return;
  }
  for (let block = from; block < to; block += blocksPerSlice) {
    hashSlice(run, block, Math.min(blocksPerSlice, to - block));
  }
}

/** Blocks with media are longer than the others, and so are hashed one by one. */
function hashWithMedia(
  run: HashRun,
  from: number,
  { to, blocksPerSlice }: { readonly to: number; readonly blocksPerSlice: number },
): void {
  for (let block = from; block < to;) {
    let count = 1;
    if (run.media?.has(block) !== true)
      while (count < blocksPerSlice && block + count < to && run.media?.has(block + count) !== true)
        count += 1;
    hashSlice(run, block, count);
    block += count;
  }
}

function hashSlice(run: HashRun, block: number, blockCount: number): void {
  const { tokens, blockSize, seed, words } = run;
  inputTokens.set(tokens.subarray(block * blockSize, (block + blockCount) * blockSize));
  const contents = run.media?.get(block);
  if (contents !== undefined) inputTokens.set(contents, blockSize);
  const isRooted = block === 0 && run.parent === null;
  const parentLo = block === 0 ? (run.parent?.lo ?? 0) : (words[block * 2 - 2] ?? 0);
  const parentHi = block === 0 ? (run.parent?.hi ?? 0) : (words[block * 2 - 1] ?? 0);
  kernel.hashBlocks(
    blockCount,
    (blockSize + (contents?.length ?? 0)) * 4,
    seed.lo,
    seed.hi,
    DEFAULT_SEED.lo,
    isRooted ? 1 : 0,
    parentLo,
    parentHi,
  );
  copyWords(kernelSequenceWords, blockCount * 2, words, block * 2);
  if (run.localWords !== null) copyWords(kernelLocalWords, blockCount * 2, run.localWords, block * 2);
}

function copyWords(from: Uint32Array, wordCount: number, to: Uint32Array, at: number): void {
  if (wordCount > LOOP_COPY_WORDS_MAX) {
    to.set(from.subarray(0, wordCount), at);
    return;
  }
  for (let word = 0; word < wordCount; word += 1) to[at + word] = from[word] ?? 0;
}
