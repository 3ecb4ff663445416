/**
 * Order-independent digest of a set of blocks: each hash is mixed by a bijection of 64 bits, the lower words are added and
 * the upper words combined by exclusive or, so that a block enters and leaves in O(1) and in any order.
 */
export class SetDigest {
  #lo = 0;
  #hi = 0;
  #blockCount = 0;

  get lo(): number {
    return this.#lo >>> 0;
  }

  get hi(): number {
    return this.#hi >>> 0;
  }

  get blockCount(): number {
    return this.#blockCount;
  }

  /** Adds a block that is not in the set. */
  add(lo: number, hi: number): void {
    const upper = mixUpper(lo, hi);
    this.#lo = (this.#lo + mixLower(lo, hi, upper)) | 0;
    this.#hi ^= upper;
    this.#blockCount += 1;
  }

  /** Takes out a block that is in the set. */
  remove(lo: number, hi: number): void {
    const upper = mixUpper(lo, hi);
    this.#lo = (this.#lo - mixLower(lo, hi, upper)) | 0;
    this.#hi ^= upper;
    this.#blockCount -= 1;
  }

  clear(): void {
    this.#lo = 0;
    this.#hi = 0;
    this.#blockCount = 0;
  }
}

/** With `mixLower` a bijection: each step can be undone from the other word. */
export function mixUpper(lo: number, hi: number): number {
  const mixed = Math.imul(lo ^ (hi >>> 15) ^ (hi << 7), 0x85ebca6b);
  return Math.imul(hi ^ (mixed >>> 13) ^ (mixed << 11), 0xc2b2ae35);
}

export function mixLower(lo: number, hi: number, upper: number): number {
  const mixed = Math.imul(lo ^ (hi >>> 15) ^ (hi << 7), 0x85ebca6b);
  return mixed ^ (upper >>> 16);
}
