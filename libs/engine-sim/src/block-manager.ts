import { BlockTable } from './block-table.js';

/** Told when the last block of a content is forgotten. */
export interface CacheListener {
  removed(lo: number, hi: number): void;
}

/** No block. */
const NONE = -1;

/**
 * A paged KV cache: blocks with reference counts. A block that nobody uses keeps its content until its room is needed, least recently freed first; of
 * one sequence the tail goes before the head. As in vLLM two requests that compute the same at the same time leave two copies: the content counts
 * as cached from the first copy's naming until the last one is forgotten. O(1) per block, no allocation.
 */
export class BlockManager {
  readonly blockCount: number;
  readonly #references: Uint32Array;
  readonly #isNamed: Uint8Array;
  readonly #lo: Uint32Array;
  readonly #hi: Uint32Array;
  /** Unused blocks as a ring from the next to be taken to the last freed; `blockCount` is its end mark. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** Copies of one content as a ring, each block with the next and the one before; the table names one of them. */
  readonly #nextCopy: Int32Array;
  readonly #previousCopy: Int32Array;
  readonly #table: BlockTable;
  readonly #listener: CacheListener;
  #unusedCount: number;
  #contentCount = 0;

  constructor(blockCount: number, listener: CacheListener) {
    const ring = (step: number): Int32Array =>
      Int32Array.from({ length: blockCount + 1 }, (_, block) => (block + step) % (blockCount + 1));
    this.blockCount = blockCount;
    this.#listener = listener;
    this.#references = new Uint32Array(blockCount);
    this.#isNamed = new Uint8Array(blockCount);
    this.#lo = new Uint32Array(blockCount);
    this.#hi = new Uint32Array(blockCount);
    this.#next = ring(1);
    this.#previous = ring(blockCount);
    this.#nextCopy = new Int32Array(blockCount);
    this.#previousCopy = new Int32Array(blockCount);
    this.#table = new BlockTable(blockCount);
    this.#unusedCount = blockCount;
  }

  /** Blocks that no sequence uses; cached ones among them. */
  get unusedCount(): number {
    return this.#unusedCount;
  }

  /** Different contents that are cached, used ones included. */
  get contentCount(): number {
    return this.#contentCount;
  }

  /** Share of blocks that sequences use. */
  get usedShare(): number {
    return 1 - this.#unusedCount / this.blockCount;
  }

  referencesOf(block: number): number {
    return this.#references[block] ?? 0;
  }

  /** A block with this content, or null. */
  find(lo: number, hi: number): number | null {
    return this.#table.get(lo, hi);
  }

  /** Uses a block that is there. */
  reference(block: number): void {
    const count = this.referencesOf(block);
    if (count === 0) this.#unlink(block);
    this.#references[block] = count + 1;
  }

  /** A block for new content, referenced once; its old content is forgotten. @throws RangeError when all are in use: look at `unusedCount` first. */
  allocate(): number {
    const block = this.#next[this.blockCount] ?? NONE;
    if (this.#unusedCount === 0) throw new RangeError('Cannot allocate a block: all are in use');
    if (this.#isNamed[block] === 1) this.#forget(block);
    this.reference(block);
    return block;
  }

  /** Says what a block holds. @returns true when the content was not cached before; a block that has a name keeps it. */
  name(block: number, lo: number, hi: number): boolean {
    if (this.#isNamed[block] === 1) return false;
    this.#isNamed[block] = 1;
    this.#lo[block] = lo;
    this.#hi[block] = hi;
    const first = this.#table.get(lo, hi);
    if (first === null) {
      this.#nextCopy[block] = block;
      this.#previousCopy[block] = block;
      this.#table.add(lo, hi, block);
      this.#contentCount += 1;
      return true;
    }
    const last = this.#previousCopy[first] ?? NONE;
    this.#nextCopy[last] = block;
    this.#previousCopy[block] = last;
    this.#nextCopy[block] = first;
    this.#previousCopy[first] = block;
    return false;
  }

  /** Drops one reference of each block; the last of the list becomes the first to be taken again. */
  release(blocks: readonly number[]): void {
    for (let index = blocks.length - 1; index >= 0; index -= 1) {
      const block = blocks[index] ?? NONE;
      const count = this.referencesOf(block);
      if (count === 0) throw new RangeError(`Cannot release block ${block}: nobody uses it`);
      this.#references[block] = count - 1;
      if (count === 1) this.#append(block);
    }
  }

  /** Forgets all content, without telling the listener. @returns false, and nothing changes, while blocks are in use. O(blocks). */
  reset(): boolean {
    if (this.#unusedCount < this.blockCount) return false;
    for (let block = 0; block < this.blockCount; block += 1) {
      if (this.#isNamed[block] === 1) this.#table.delete(this.#lo[block] ?? 0, this.#hi[block] ?? 0);
    }
    this.#isNamed.fill(0);
    this.#contentCount = 0;
    return true;
  }

  #forget(block: number): void {
    const lo = this.#lo[block] ?? 0;
    const hi = this.#hi[block] ?? 0;
    this.#isNamed[block] = 0;
    const next = this.#nextCopy[block] ?? NONE;
    if (next === block) {
      this.#table.delete(lo, hi);
      this.#contentCount -= 1;
      this.#listener.removed(lo, hi);
      return;
    }
    const previous = this.#previousCopy[block] ?? NONE;
    this.#nextCopy[previous] = next;
    this.#previousCopy[next] = previous;
    this.#table.replace(lo, hi, next);
  }

  #unlink(block: number): void {
    const next = this.#next[block] ?? NONE;
    const previous = this.#previous[block] ?? NONE;
    this.#next[previous] = next;
    this.#previous[next] = previous;
    this.#unusedCount -= 1;
  }

  #append(block: number): void {
    const end = this.blockCount;
    const last = this.#previous[end] ?? NONE;
    this.#next[last] = block;
    this.#previous[block] = last;
    this.#next[block] = end;
    this.#previous[end] = block;
    this.#unusedCount += 1;
  }
}
