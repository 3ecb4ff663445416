import type { HashWords } from '@kvasir/contract';
import { ChainWalk, NO_SLOT } from './chain-walk.js';

const CAPACITY_MIN = 1_024;
const EMPTY = 0;
const ROOT = 1;
const CHILD = 2;

/**
 * The blocks that one rank holds, each with its parent: enough to tell a newcomer the whole set in an order that it can apply.
 *
 * An open-addressed table (linear probing, at most 3/4 full, deletion by shifting back, so no tombstones) of four words per slot: hash and parent.
 * 17 bytes per slot, 23 to 45 per block; all operations O(1) but `forEachChain`, O(capacity). Hashes are evenly spread already (XXH3), so their
 * low bits are the slot.
 */
export class HeldBlocks {
  #capacity = CAPACITY_MIN;
  /** lo, hi, parent lo, parent hi. */
  #words = new Uint32Array(CAPACITY_MIN * 4);
  #kinds = new Uint8Array(CAPACITY_MIN);
  #size = 0;

  /** Blocks held. */
  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#words.byteLength + this.#kinds.byteLength;
  }

  has(lo: number, hi: number): boolean {
    return this.#kinds[this.#find(lo, hi)] !== EMPTY;
  }

  /**
   * Adds block `index` of a run whose first block's parent is `parent`.
   * @returns false when it is held already; its parent then stays what it was.
   */
  add(parent: HashWords | null, hashes: HashWords, index: number): boolean {
    const lo = hashes[index * 2] ?? 0;
    const hi = hashes[index * 2 + 1] ?? 0;
    if ((this.#size + 1) * 4 > this.#capacity * 3) this.#resize(this.#capacity * 2);
    const slot = this.#find(lo, hi);
    if (this.#kinds[slot] !== EMPTY) return false;
    this.#words[slot * 4] = lo;
    this.#words[slot * 4 + 1] = hi;
    const isInside = index > 0;
    this.#words[slot * 4 + 2] = (isInside ? hashes[index * 2 - 2] : parent?.[0]) ?? 0;
    this.#words[slot * 4 + 3] = (isInside ? hashes[index * 2 - 1] : parent?.[1]) ?? 0;
    this.#kinds[slot] = isInside || parent !== null ? CHILD : ROOT;
    this.#size += 1;
    return true;
  }

  /** @returns false when the block is not held. */
  delete(lo: number, hi: number): boolean {
    let hole = this.#find(lo, hi);
    if (this.#kinds[hole] === EMPTY) return false;
    const mask = this.#capacity - 1;
    for (let slot = (hole + 1) & mask; this.#kinds[slot] !== EMPTY; slot = (slot + 1) & mask) {
      const home = (this.#words[slot * 4] ?? 0) & mask;
      // An entry may move back unless the hole lies before its home.
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#words.copyWithin(hole * 4, slot * 4, slot * 4 + 4);
      this.#kinds[hole] = this.#kinds[slot] ?? EMPTY;
      hole = slot;
    }
    this.#kinds[hole] = EMPTY;
    this.#size -= 1;
    return true;
  }

  /** Forgets everything and gives the memory back. */
  clear(): void {
    this.#capacity = CAPACITY_MIN;
    this.#words = new Uint32Array(CAPACITY_MIN * 4);
    this.#kinds = new Uint8Array(CAPACITY_MIN);
    this.#size = 0;
  }

  /**
   * Visits every block once, in chains: a parent that is held comes before its children; one that is not held is named all the same.
   * Both arrays are reused after each visit.
   */
  forEachChain(visit: (parent: HashWords | null, hashes: HashWords) => void): void {
    const firstChild = new Int32Array(this.#capacity).fill(NO_SLOT);
    const nextSibling = new Int32Array(this.#capacity).fill(NO_SLOT);
    const isHead = new Uint8Array(this.#capacity);
    for (let slot = 0; slot < this.#capacity; slot += 1) {
      if (this.#kinds[slot] === EMPTY) continue;
      const parent = this.#parentSlot(slot);
      if (parent === NO_SLOT) {
        isHead[slot] = 1;
        continue;
      }
      nextSibling[slot] = firstChild[parent] ?? NO_SLOT;
      firstChild[parent] = slot;
    }
    const hasParent = (slot: number): boolean => this.#kinds[slot] === CHILD;
    const walk = new ChainWalk({ words: this.#words, hasParent, firstChild, nextSibling }, visit);
    for (let slot = 0; slot < this.#capacity; slot += 1) if (isHead[slot] !== 0) walk.walkFrom(slot);
    // Blocks that are one another's ancestors: no honest hash chain has them, but none may be lost.
    for (let slot = 0; slot < this.#capacity; slot += 1)
      if (this.#kinds[slot] !== EMPTY && !walk.isVisited(slot)) walk.walkFrom(slot);
  }

  /** Where a block's parent is held, or `NO_SLOT`. */
  #parentSlot(slot: number): number {
    if (this.#kinds[slot] !== CHILD) return NO_SLOT;
    const parent = this.#find(this.#words[slot * 4 + 2] ?? 0, this.#words[slot * 4 + 3] ?? 0);
    return this.#kinds[parent] === EMPTY ? NO_SLOT : parent;
  }

  /** The slot of a block, or the empty one where it would go. */
  #find(lo: number, hi: number): number {
    const mask = this.#capacity - 1;
    let slot = lo & mask;
    while (this.#kinds[slot] !== EMPTY && (this.#words[slot * 4] !== lo || this.#words[slot * 4 + 1] !== hi))
      slot = (slot + 1) & mask;
    return slot;
  }

  #resize(capacity: number): void {
    const words = this.#words;
    const kinds = this.#kinds;
    this.#capacity = capacity;
    this.#words = new Uint32Array(capacity * 4);
    this.#kinds = new Uint8Array(capacity);
    for (let from = 0; from < kinds.length; from += 1) {
      if (kinds[from] === EMPTY) continue;
      const to = this.#find(words[from * 4] ?? 0, words[from * 4 + 1] ?? 0);
      this.#words.set(words.subarray(from * 4, from * 4 + 4), to * 4);
      this.#kinds[to] = kinds[from] ?? EMPTY;
    }
  }
}
