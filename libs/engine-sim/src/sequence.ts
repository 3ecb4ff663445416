import { namespaceSeed, PromptBlocks, sequenceHashes } from '@kvasir/block-hash';
import type { NamespaceSeed } from '@kvasir/block-hash';
import type { SimRequest } from './messages.js';

/**
 * Where a request is. `waiting` holds no blocks; `fetching` has blocks reserved that another engine's KV is on its way to; `arrived` has got it and
 * waits to run; `ended` is in no queue.
 */
export type SequenceState = 'waiting' | 'fetching' | 'arrived' | 'running' | 'ended';

/** A request inside the engine: its tokens so far, its blocks, and how far they are computed. */
export class Sequence {
  readonly request: SimRequest;
  readonly arrivedMs: number;
  readonly #blockSize: number;
  readonly #seed: NamespaceSeed;
  readonly #prompt: PromptBlocks;
  /** Hashes of complete blocks beyond the prompt's own, 2 words each. */
  readonly #furtherWords: number[] = [];
  /** Tokens after the prompt's complete blocks: its rest, then the output. */
  readonly #tail: number[];
  state: SequenceState = 'waiting';
  /** KV blocks in order. */
  blocks: number[] = [];
  /** Tokens whose KV is computed. */
  computedTokens = 0;
  /** Blocks whose content has been named to the cache. */
  namedBlocks = 0;
  /** Tokens that the step under way computes. */
  stepTokens = 0;
  outputTokens = 0;
  /** Null until it is first taken up. */
  cachedTokens: number | null = null;
  fetchedTokens = 0;
  /** False once a transfer was begun: what is then lost is computed here. */
  mayFetch: boolean;
  /** When a transfer was begun; it ends no earlier than its model says. */
  transferStartMs = 0;
  startedMs = 0;
  firstTokenMs = 0;

  constructor(request: SimRequest, blockSize: number, arrivedMs: number) {
    this.request = request;
    this.arrivedMs = arrivedMs;
    this.mayFetch = request.role.kind === 'decode';
    this.#blockSize = blockSize;
    this.#seed = namespaceSeed(request.namespace);
    this.#prompt = new PromptBlocks(request.tokens, blockSize, this.#seed);
    this.#tail = Array.from(request.tokens.subarray(this.#prompt.blockCount * blockSize));
  }

  get tokenCount(): number {
    return this.request.tokens.length + this.outputTokens;
  }

  /** Tokens still to compute before the next one comes out. */
  get remainingTokens(): number {
    return this.tokenCount - this.computedTokens;
  }

  /** A generated token joins the sequence. */
  append(token: number): void {
    this.#tail.push(token);
    this.outputTokens += 1;
  }

  /** Makes the hashes of the first `blockCount` complete blocks there. */
  hashTo(blockCount: number): void {
    const own = this.#prompt.blockCount;
    this.#prompt.hashTo(Math.min(blockCount, own));
    for (let further = this.#furtherWords.length / 2; own + further < blockCount; further += 1) {
      const start = further * this.#blockSize;
      const tokens = Uint32Array.from(this.#tail.slice(start, start + this.#blockSize));
      const block = own + further;
      const parent = block === 0 ? null : this.words(block - 1, block);
      const [lo = 0, hi = 0] = sequenceHashes(tokens, this.#blockSize, this.#seed, { parent });
      this.#furtherWords.push(lo, hi);
    }
  }

  /** Low word of a block's hash, which `hashTo` has made. */
  lo(block: number): number {
    return this.#word(block * 2);
  }

  /** High word of a block's hash, which `hashTo` has made. */
  hi(block: number): number {
    return this.#word(block * 2 + 1);
  }

  /** Hash words of complete blocks `from … to − 1`, as a copy. */
  words(from: number, to: number): Uint32Array {
    this.hashTo(to);
    const words = new Uint32Array((to - from) * 2);
    for (let index = 0; index < words.length; index += 1) words[index] = this.#word(from * 2 + index);
    return words;
  }

  /** Tokens of complete blocks `from … to − 1`, as a copy. */
  tokensOf(from: number, to: number): Uint32Array {
    const own = this.#prompt.blockCount * this.#blockSize;
    const tokens = new Uint32Array((to - from) * this.#blockSize);
    for (let index = 0; index < tokens.length; index += 1) {
      const at = from * this.#blockSize + index;
      tokens[index] = (at < own ? this.request.tokens[at] : this.#tail[at - own]) ?? 0;
    }
    return tokens;
  }

  #word(index: number): number {
    const own = this.#prompt.blockCount * 2;
    return (index < own ? this.#prompt.words[index] : this.#furtherWords[index - own]) ?? 0;
  }
}
