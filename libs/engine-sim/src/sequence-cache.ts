import { BlockManager } from './block-manager.js';
import type { SimOutput } from './messages.js';
import type { Sequence } from './sequence.js';

/** The KV cache as sequences use it: lookup of prefixes, growth, naming of complete blocks. Tells of every change as KV outputs. */
export class SequenceCache {
  readonly #blocks: BlockManager;
  readonly #blockSize: number;
  readonly #outputs: SimOutput[];
  readonly #removedWords: number[] = [];

  /** @param outputs where KV outputs are appended. */
  constructor(blockCount: number, blockSize: number, outputs: SimOutput[]) {
    this.#blockSize = blockSize;
    this.#outputs = outputs;
    this.#blocks = new BlockManager(blockCount, {
      removed: (lo, hi) => void this.#removedWords.push(lo, hi),
    });
  }

  get usedShare(): number {
    return this.#blocks.usedShare;
  }

  get cachedBlocks(): number {
    return this.#blocks.contentCount;
  }

  /**
   * Gives a sequence without blocks those of its longest cached prefix. Its last token is never among them: it must be computed, for the next one
   * comes from it, as in vLLM. A sequence is only taken when all its tokens fit (vLLM's `scheduler_reserve_full_isl`): else long prompts would
   * push each other out half-computed.
   * @returns false, and nothing changes, when it does not fit now.
   */
  admit(sequence: Sequence): boolean {
    const most = Math.floor((sequence.tokenCount - 1) / this.#blockSize);
    sequence.hashTo(most);
    const found: number[] = [];
    let unusedFound = 0;
    while (found.length < most) {
      const block = this.#blocks.find(sequence.lo(found.length), sequence.hi(found.length));
      if (block === null) break;
      if (this.#blocks.referencesOf(block) === 0) unusedFound += 1;
      found.push(block);
    }
    const needed = Math.ceil(sequence.tokenCount / this.#blockSize) - found.length;
    if (needed > this.#blocks.unusedCount - unusedFound) return false;
    for (const block of found) this.#blocks.reference(block);
    sequence.blocks = found;
    sequence.computedTokens = found.length * this.#blockSize;
    sequence.namedBlocks = found.length;
    return true;
  }

  /** Allocates what the next `tokens` need. @returns false, and nothing changes, when there are not enough. */
  grow(sequence: Sequence, tokens: number): boolean {
    const total = Math.ceil((sequence.computedTokens + tokens) / this.#blockSize);
    const needed = total - sequence.blocks.length;
    if (needed <= 0) return true;
    if (needed > this.#blocks.unusedCount) return false;
    for (let count = 0; count < needed; count += 1) sequence.blocks.push(this.#blocks.allocate());
    return true;
  }

  /** Takes a sequence's blocks away; what they hold stays cached until the room is needed. */
  rewind(sequence: Sequence): void {
    this.#blocks.release(sequence.blocks);
    sequence.blocks = [];
    sequence.computedTokens = 0;
    sequence.namedBlocks = 0;
  }

  release(blocks: readonly number[]): void {
    this.#blocks.release(blocks);
  }

  /** Makes the blocks that are complete now known under their hashes. */
  nameBlocks(sequence: Sequence): void {
    const complete = Math.floor(sequence.computedTokens / this.#blockSize);
    if (complete <= sequence.namedBlocks) return;
    sequence.hashTo(complete);
    let runStart: number | null = null;
    for (let block = sequence.namedBlocks; block < complete; block += 1) {
      const isNew = this.#blocks.name(sequence.blocks[block] ?? 0, sequence.lo(block), sequence.hi(block));
      if (isNew) runStart ??= block;
      else if (runStart !== null) {
        this.#tellStored(sequence, runStart, block);
        runStart = null;
      }
    }
    if (runStart !== null) this.#tellStored(sequence, runStart, complete);
    sequence.namedBlocks = complete;
  }

  /** Tells of evictions since the last call. To be called before anything can be stored after them. */
  flushRemoved(): void {
    if (this.#removedWords.length === 0) return;
    this.#outputs.push({ kind: 'kvRemoved', hashes: Uint32Array.from(this.#removedWords) });
    this.#removedWords.length = 0;
  }

  /** Forgets everything. @returns false, and nothing changes, while blocks are in use. */
  reset(): boolean {
    if (!this.#blocks.reset()) return false;
    this.#removedWords.length = 0;
    this.#outputs.push({ kind: 'kvCleared' });
    return true;
  }

  #tellStored(sequence: Sequence, from: number, to: number): void {
    const parent = from === 0 ? null : sequence.words(from - 1, from);
    const tokens = sequence.tokensOf(from, to);
    const { namespace } = sequence.request;
    this.#outputs.push({ kind: 'kvStored', parent, hashes: sequence.words(from, to), tokens, namespace });
  }
}
