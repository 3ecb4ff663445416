import { PromptBlocks, sequenceHashes } from '@kvasir/block-hash';
import type { SimRequest } from './messages.js';

/** A request inside the engine: its tokens so far, its blocks, and how far they are computed. */
export class Sequence {
  readonly request: SimRequest;
  readonly #blockSize: number;
  readonly #prompt: PromptBlocks;
  /** Hashes of blocks beyond the prompt's own, 2 words each. */
  readonly #furtherWords: number[] = [];
  /** Tokens after the prompt's complete blocks: its rest, then the output. */
  readonly #tail: number[];
  /** KV blocks in order. */
  blocks: number[] = [];
  /** Tokens whose KV is computed. */
  computedTokens = 0;
  /** Blocks whose content has been named to the cache. */
  namedBlocks = 0;
  outputTokens = 0;
  cachedTokens: number | null = null;

  constructor(request: SimRequest, blockSize: number) {
    this.request = request;
    this.#blockSize = blockSize;
    this.#prompt = new PromptBlocks(request.tokens, blockSize, request.seed);
    this.#tail = Array.from(request.tokens.subarray(this.#prompt.blockCount * blockSize));
  }

  get tokenCount(): number {
    return this.request.tokens.length + this.outputTokens;
  }

  /** Tokens still to compute before the next one comes out. */
  get remainingTokens(): number {
    return this.tokenCount - this.computedTokens;
  }

  /** Complete blocks so far. */
  get completeBlocks(): number {
    return Math.floor(this.tokenCount / this.#blockSize);
  }

  /** A generated token joins the sequence. */
  append(token: number): void {
    this.#tail.push(token);
    this.outputTokens += 1;
  }

  /** Hash words of complete blocks `from … to − 1`. */
  words(from: number, to: number): Uint32Array {
    this.#hashTo(to);
    const words = new Uint32Array((to - from) * 2);
    const own = this.#prompt.blockCount;
    for (let block = from; block < to; block += 1) {
      const source: ArrayLike<number> = block < own ? this.#prompt.words : this.#furtherWords;
      const at = (block < own ? block : block - own) * 2;
      words[(block - from) * 2] = source[at] ?? 0;
      words[(block - from) * 2 + 1] = source[at + 1] ?? 0;
    }
    return words;
  }

  #hashTo(blockCount: number): void {
    const own = this.#prompt.blockCount;
    this.#prompt.hashTo(Math.min(blockCount, own));
    for (let further = this.#furtherWords.length / 2; own + further < blockCount; further += 1) {
      const tokens = Uint32Array.from(
        this.#tail.slice(further * this.#blockSize, (further + 1) * this.#blockSize),
      );
      const parent = own + further === 0 ? undefined : this.words(own + further - 1, own + further);
      this.#furtherWords.push(...sequenceHashes(tokens, this.#blockSize, this.request.seed, parent));
    }
  }
}
