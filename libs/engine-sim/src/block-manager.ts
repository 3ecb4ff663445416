import { BlockTable } from './block-table.js';

/** Told of changes of what the cache holds. The words are only valid during the call. */
export interface CacheListener {
  removed(lo: number, hi: number): void;
}

const NONE = -1;

/**
 * A paged KV cache: blocks with reference counts. A block that nobody uses keeps its content until it is needed, least recently freed first; of one
 * sequence the tail goes before the head. O(1) per block.
 */
export class BlockManager {
  readonly blockCount: number;
  readonly #references: Uint32Array;
  readonly #isHashed: Uint8Array;
  readonly #lo: Uint32Array;
  readonly #hi: Uint32Array;
  /** Unused blocks as a list from the next to be taken to the last freed; `blockCount` is its end mark. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #table: BlockTable;
  readonly #listener: CacheListener;
  #unusedCount: number;

  constructor(blockCount: number, listener: CacheListener) {
    this.blockCount = blockCount;
    this.#listener = listener;
    this.#references = new Uint32Array(blockCount);
    this.#isHashed = new Uint8Array(blockCount);
    this.#lo = new Uint32Array(blockCount);
    this.#hi = new Uint32Array(blockCount);
    this.#next = Int32Array.from({ length: blockCount + 1 }, (_, block) => (block + 1) % (blockCount + 1));
    this.#previous = Int32Array.from(
      { length: blockCount + 1 },
      (_, block) => (block + blockCount) % (blockCount + 1),
    );
    this.#table = new BlockTable(blockCount);
    this.#unusedCount = blockCount;
  }

  /** Blocks that no sequence uses; cached ones among them. */
  get unusedCount(): number {
    return this.#unusedCount;
  }

  /** Share of blocks that sequences use. */
  get usedShare(): number {
    return 1 - this.#unusedCount / this.blockCount;
  }

  /** The block with this content, or null. */
  find(lo: number, hi: number): number | null {
    return this.#table.get(lo, hi);
  }

  /** Uses a block that is there. */
  reference(block: number): void {
    const count = this.#references[block] ?? 0;
    if (count === 0) this.#unlink(block);
    this.#references[block] = count + 1;
  }

  isReferenced(block: number): boolean {
    return (this.#references[block] ?? 0) > 0;
  }

  /** A block for new content, referenced once; its old content is forgotten. Null when all are in use. */
  allocate(): number | null {
    const block = this.#next[this.blockCount] ?? NONE;
    if (block === this.blockCount || block === NONE) return null;
    if (this.#isHashed[block] === 1) this.#forget(block);
    this.reference(block);
    return block;
  }

  /** Says what a block holds. @returns false when another block holds the same; this one then stays without a name. */
  name(block: number, lo: number, hi: number): boolean {
    if (this.#isHashed[block] === 1 || this.#table.get(lo, hi) !== null) return false;
    this.#lo[block] = lo;
    this.#hi[block] = hi;
    this.#isHashed[block] = 1;
    this.#table.add(lo, hi, block);
    return true;
  }

  /** Drops one reference of each block; the last of the list becomes the first to be taken again. */
  release(blocks: readonly number[]): void {
    for (let index = blocks.length - 1; index >= 0; index -= 1) {
      const block = blocks[index] ?? NONE;
      const count = (this.#references[block] ?? 0) - 1;
      this.#references[block] = count;
      if (count === 0) this.#append(block);
    }
  }

  /** Forgets all content that nobody uses. @returns how many blocks that were. */
  reset(): number {
    let forgotten = 0;
    for (let block = 0; block < this.blockCount; block += 1) {
      if (this.#isHashed[block] !== 1 || this.isReferenced(block)) continue;
      this.#forget(block);
      forgotten += 1;
    }
    return forgotten;
  }

  #forget(block: number): void {
    const lo = this.#lo[block] ?? 0;
    const hi = this.#hi[block] ?? 0;
    this.#isHashed[block] = 0;
    this.#table.delete(lo, hi);
    this.#listener.removed(lo, hi);
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
