import { checkBlockSize, checkMedia, hashRun } from './hash-run.js';
import type { HashRun } from './hash-run.js';
import { mediaByBlock } from './media.js';
import type { MediaSpan } from './media.js';
import { DEFAULT_SEED } from './namespace-seed.js';
import type { NamespaceSeed } from './namespace-seed.js';

/**
 * A prompt whose block hashes are computed on demand, from the front: a match hashes on while somebody holds the prefix
 * and stops at the first block that nobody holds.
 *
 * Keeps a reference to `tokens`, which must not change. Only complete blocks count.
 */
export class PromptBlocks {
  /** Complete blocks. */
  readonly blockCount: number;
  readonly tokenCount: number;
  readonly blockSize: number;
  /** Sequence hashes, 2 words per block (lo, hi); valid for blocks below `hashedCount`. */
  readonly words: Uint32Array;
  /** Local hashes, likewise. */
  readonly localWords: Uint32Array;
  readonly #run: HashRun;
  #hashedCount = 0;

  /** @throws RangeError for a block size that is no whole number from 1 to `BLOCK_SIZE_MAX`, or too much media in one block. */
  constructor(
    tokens: Uint32Array,
    blockSize: number,
    seed: NamespaceSeed = DEFAULT_SEED,
    spans: readonly MediaSpan[] = [],
  ) {
    checkBlockSize(blockSize);
    this.tokenCount = tokens.length;
    this.blockSize = blockSize;
    this.blockCount = Math.floor(tokens.length / blockSize);
    // One allocation for both: making buffers would cost a cold prompt more than hashing its first blocks.
    const words = new Uint32Array(this.blockCount * 4);
    this.words = words.subarray(0, this.blockCount * 2);
    this.localWords = words.subarray(this.blockCount * 2);
    const media = mediaByBlock(spans, blockSize, this.blockCount);
    checkMedia(blockSize, media);
    this.#run = {
      tokens,
      blockSize,
      seed,
      parent: null,
      media,
      words: this.words,
      localWords: this.localWords,
    };
  }

  /**
   * A longer (or other) prompt without media that begins with the first `knownBlockCount` blocks of `known`, in the same namespace: what
   * `known` has hashed of them is taken over, the rest is hashed on demand. The tokens are not compared; that would cost as
   * much as hashing them.
   * @throws RangeError when either prompt has fewer blocks than that.
   */
  static resume(known: PromptBlocks, knownBlockCount: number, tokens: Uint32Array): PromptBlocks {
    const prompt = new PromptBlocks(tokens, known.blockSize, known.#run.seed);
    const most = Math.min(known.blockCount, prompt.blockCount);
    if (!Number.isInteger(knownBlockCount) || knownBlockCount < 0 || knownBlockCount > most) {
      throw new RangeError(
        `Cannot resume a prompt: knownBlockCount must be from 0 to ${most}, received ${knownBlockCount}`,
      );
    }
    const taken = Math.min(knownBlockCount, known.#hashedCount);
    prompt.words.set(known.words.subarray(0, taken * 2));
    prompt.localWords.set(known.localWords.subarray(0, taken * 2));
    prompt.#hashedCount = taken;
    return prompt;
  }

  /** Blocks whose hashes are there. */
  get hashedCount(): number {
    return this.#hashedCount;
  }

  /** Makes the hashes of the first `blockCount` blocks there (all when there are fewer); returns at once when they are. */
  hashTo(blockCount: number): void {
    const target = Math.min(blockCount, this.blockCount);
    if (target <= this.#hashedCount) return;
    hashRun(this.#run, this.#hashedCount, target);
    this.#hashedCount = target;
  }
}
