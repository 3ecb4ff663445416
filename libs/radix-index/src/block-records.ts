/** Ids are below this, so that a table slot has 6 bits left for a tag. */
export const BLOCK_ID_BITS = 26;
/** Distinct blocks that one index can hold at most. */
export const BLOCK_COUNT_LIMIT = 2 ** BLOCK_ID_BITS - 2;

const PAGE_BITS = 14;
const PAGE_RECORDS = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_RECORDS - 1;
/** 24 bytes per block. */
const RECORD_WORDS = 6;

/** Words of a record. `up`, `down` and `prev` belong to the forest (prefix-forest.ts), `set` to the interned sets. */
export const LO = 0;
export const HI = 1;
export const SET = 2;
export const UP = 3;
export const DOWN = 4;
export const PREV = 5;

/** 32 well-spread bits of a hash, also when its words are not (tests use small numbers). */
export function mixHash(lo: number, hi: number): number {
  const mixed = Math.imul(lo ^ Math.imul(hi ^ (hi >>> 15), 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

const NO_PAGE = new Int32Array(0);

/**
 * One record per distinct block, addressed by a small id that stays while the block lives. Id 0 is no block.
 * Pages, not one array: growth copies nothing and wastes at most one page.
 */
export class BlockRecords {
  readonly #pages: Int32Array[] = [];
  #liveCount = 0;
  /** Ids from 1 to this have been given out at some time. */
  #highestId = 0;
  #firstFreeId = 0;

  get liveCount(): number {
    return this.#liveCount;
  }

  get highestId(): number {
    return this.#highestId;
  }

  get bytes(): number {
    return this.#pages.length * PAGE_RECORDS * RECORD_WORDS * 4;
  }

  get(id: number, word: number): number {
    const page = this.#pages[id >>> PAGE_BITS] ?? NO_PAGE;
    return page[(id & PAGE_MASK) * RECORD_WORDS + word] ?? 0;
  }

  set(id: number, word: number, value: number): void {
    const page = this.#pages[id >>> PAGE_BITS] ?? NO_PAGE;
    page[(id & PAGE_MASK) * RECORD_WORDS + word] = value;
  }

  /**
   * The first id from `from` on whose set is `set` or an interned one (any set above 0), or 0. A plain scan: about 3 ns per
   * record, which is what reading the memory takes.
   */
  nextWithSet(from: number, set: number): number {
    for (let id = from; id <= this.#highestId; id = ((id >>> PAGE_BITS) + 1) << PAGE_BITS) {
      const page = this.#pages[id >>> PAGE_BITS] ?? NO_PAGE;
      for (let at = (id & PAGE_MASK) * RECORD_WORDS + SET; at < page.length; at += RECORD_WORDS) {
        const found = page[at] ?? 0;
        if (found === set || found > 0) return ((id >>> PAGE_BITS) << PAGE_BITS) + (at - SET) / RECORD_WORDS;
      }
    }
    return 0;
  }

  isHash(id: number, lo: number, hi: number): boolean {
    const page = this.#pages[id >>> PAGE_BITS] ?? NO_PAGE;
    const at = (id & PAGE_MASK) * RECORD_WORDS;
    return page[at] === lo && page[at + HI] === hi;
  }

  /** 32 well-spread bits of the hash; see `mixHash`. */
  mixOf(id: number): number {
    const page = this.#pages[id >>> PAGE_BITS] ?? NO_PAGE;
    const at = (id & PAGE_MASK) * RECORD_WORDS;
    return mixHash(page[at] ?? 0, page[at + HI] ?? 0);
  }

  /** Order by the unsigned 64-bit hash. */
  compareHashes(left: number, right: number): number {
    return (
      (this.get(left, HI) >>> 0) - (this.get(right, HI) >>> 0) ||
      (this.get(left, LO) >>> 0) - (this.get(right, LO) >>> 0)
    );
  }

  /** A record with the hash and the holders, without links or a place among the leaves. O(1). */
  allocate(lo: number, hi: number, set: number, prev: number): number {
    let id = this.#firstFreeId;
    if (id !== 0) {
      this.#firstFreeId = this.get(id, DOWN);
    } else {
      id = ++this.#highestId;
      if (id >>> PAGE_BITS === this.#pages.length) {
        this.#pages.push(new Int32Array(PAGE_RECORDS * RECORD_WORDS));
      }
    }
    this.#liveCount += 1;
    const page = this.#pages[id >>> PAGE_BITS] ?? NO_PAGE;
    const at = (id & PAGE_MASK) * RECORD_WORDS;
    page[at] = lo;
    page[at + HI] = hi;
    page[at + SET] = set;
    page[at + UP] = 0;
    page[at + DOWN] = 0;
    page[at + PREV] = prev;
    return id;
  }

  /** Gives the id back. It reads as a leaf without holders from now on, so that a scan over all ids passes it by. O(1). */
  free(id: number): void {
    this.set(id, SET, 0);
    this.set(id, PREV, 0);
    this.set(id, DOWN, this.#firstFreeId);
    this.#firstFreeId = id;
    this.#liveCount -= 1;
  }
}
