import { RadixIndex } from '@kvasir/radix-index';
import type { PrefixQuery } from '@kvasir/radix-index';
import { BlockReferences } from './block-references.js';
import { LoadColumn } from './load-column.js';

/** What one booking holds on its target until it is freed. */
export interface BookedLoad {
  readonly target: number;
  /** Prompt tokens that the target has to compute; 0 when they are not tracked. */
  prefillTokens: number;
  /** Sequence hashes of the prompt's complete blocks; null when blocks are not tracked, or do not share. */
  readonly words: Uint32Array | null;
  /** Blocks that count without sharing: of a prompt that does not share, and of the output. */
  ownBlocks: number;
}

/** Load of one target. */
export interface Amounts {
  readonly prefillTokens: number;
  readonly blocks: number;
  readonly requests: number;
}

/**
 * The load that bookings put on targets, as columns over target numbers. A prompt block used by several requests of one target counts once.
 * What is added is exactly what is dropped: with no bookings every column is 0.
 */
export class ActiveLoad {
  readonly #references = new BlockReferences();
  /** Which target has which prompt block in use: answers how much of a prompt is shared with running requests, for all targets at once. */
  readonly #inUse: RadixIndex;
  readonly #prefillTokens = new LoadColumn();
  readonly #blocks = new LoadColumn();
  readonly #requests = new LoadColumn();
  #sharedBlocks = new Uint32Array(16);

  /** @param blockCountMax distinct prompt blocks in use at once; beyond it sharing is underestimated, never the load of a target. */
  constructor(blockCountMax: number) {
    this.#inUse = new RadixIndex({ blockCountMax });
  }

  /** Waiting or running prompt tokens per target. */
  get prefillTokens(): Float64Array {
    return this.#prefillTokens.sum;
  }

  /** Requests per target. */
  get requests(): Float64Array {
    return this.#requests.sum;
  }

  /** Blocks in use per target. */
  get blocks(): Float64Array {
    return this.#blocks.sum;
  }

  /** Makes room for targets below this number. */
  ensureColumns(columnCount: number): void {
    if (columnCount <= this.#blocks.length) return;
    const size = Math.max(columnCount, this.#blocks.length * 2);
    for (const column of [this.#prefillTokens, this.#blocks, this.#requests]) column.widen(size);
    this.#sharedBlocks = new Uint32Array(size);
  }

  /**
   * Blocks in use on each target if it took this prompt: a block that a running request has there already is not counted again.
   * @param shares false counts all of the prompt's blocks as new.
   */
  projectBlocks(
    prompt: PrefixQuery,
    projection: { shares: boolean; columnCount: number; potential: Float64Array },
  ): void {
    const { shares, columnCount, potential } = projection;
    if (shares) this.#inUse.match(prompt, this.#sharedBlocks.subarray(0, columnCount));
    for (let target = 0; target < columnCount; target += 1) {
      const shared = shares ? (this.#sharedBlocks[target] ?? 0) : 0;
      potential[target] = (this.blocks[target] ?? 0) + prompt.blockCount - shared;
    }
  }

  book(load: BookedLoad): void {
    const { target, words } = load;
    this.#prefillTokens.add(target, load.prefillTokens);
    this.#requests.add(target, 1);
    let added = load.ownBlocks;
    if (words !== null) {
      for (let word = 0; word < words.length; word += 2) {
        if (this.#references.add(target, words[word] ?? 0, words[word + 1] ?? 0) === 1) added += 1;
      }
      if (words.length > 0) this.#inUse.applyStored(target, null, words);
    }
    this.#blocks.add(target, added);
  }

  /** What is booked elsewhere on a target in all, in the place of what was said before. */
  setPeers(target: number, amounts: Amounts): void {
    this.#prefillTokens.setPeers(target, amounts.prefillTokens);
    this.#blocks.setPeers(target, amounts.blocks);
    this.#requests.setPeers(target, amounts.requests);
  }

  /** What is booked here on a target. */
  own(target: number): Amounts {
    return {
      prefillTokens: this.#prefillTokens.own(target),
      blocks: this.#blocks.own(target),
      requests: this.#requests.own(target),
    };
  }

  completePrefill(load: BookedLoad): void {
    this.#prefillTokens.add(load.target, -load.prefillTokens);
    load.prefillTokens = 0;
  }

  addOwnBlocks(load: BookedLoad, blockCount: number): void {
    load.ownBlocks += blockCount;
    this.#blocks.add(load.target, blockCount);
  }

  release(load: BookedLoad): void {
    const { target, words } = load;
    this.completePrefill(load);
    this.#requests.add(target, -1);
    let dropped = load.ownBlocks;
    if (words !== null) {
      // From the tail, so that what is left in use is always a prefix; told to the index in one call.
      const gone = new Uint32Array(words.length);
      let goneWords = 0;
      for (let word = words.length - 2; word >= 0; word -= 2) {
        const lo = words[word] ?? 0;
        const hi = words[word + 1] ?? 0;
        if (this.#references.drop(target, lo, hi) !== 0) continue;
        gone[goneWords] = lo;
        gone[goneWords + 1] = hi;
        goneWords += 2;
      }
      dropped += goneWords / 2;
      if (goneWords > 0) this.#inUse.applyRemoved(target, gone.subarray(0, goneWords));
    }
    this.#blocks.add(target, -dropped);
  }
}
