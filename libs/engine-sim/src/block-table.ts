/** Marks a free slot. */
const NONE = -1;

/** Which block holds the KV of a sequence hash. Open addressing in typed arrays with room for twice the capacity; backward-shift deletion. */
export class BlockTable {
  readonly #mask: number;
  readonly #lo: Uint32Array;
  readonly #hi: Uint32Array;
  readonly #block: Int32Array;

  constructor(capacity: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, capacity * 2)));
    this.#mask = size - 1;
    this.#lo = new Uint32Array(size);
    this.#hi = new Uint32Array(size);
    this.#block = new Int32Array(size).fill(NONE);
  }

  /** @returns the block, or null. */
  get(lo: number, hi: number): number | null {
    const block = this.#block[this.#slotOf(lo, hi)] ?? NONE;
    return block === NONE ? null : block;
  }

  /** The hash must not be there, and no more than `capacity` may be. */
  add(lo: number, hi: number, block: number): void {
    const slot = this.#slotOf(lo, hi);
    this.#lo[slot] = lo;
    this.#hi[slot] = hi;
    this.#block[slot] = block;
  }

  /** Names another block for a hash that is there. */
  replace(lo: number, hi: number, block: number): void {
    this.#block[this.#slotOf(lo, hi)] = block;
  }

  delete(lo: number, hi: number): void {
    let gap = this.#slotOf(lo, hi);
    if (this.#block[gap] === NONE) return;
    for (let slot = (gap + 1) & this.#mask; this.#block[slot] !== NONE; slot = (slot + 1) & this.#mask) {
      const home = (this.#lo[slot] ?? 0) & this.#mask;
      if (((slot - home) & this.#mask) < ((slot - gap) & this.#mask)) continue;
      this.#lo[gap] = this.#lo[slot] ?? 0;
      this.#hi[gap] = this.#hi[slot] ?? 0;
      this.#block[gap] = this.#block[slot] ?? NONE;
      gap = slot;
    }
    this.#block[gap] = NONE;
  }

  #slotOf(lo: number, hi: number): number {
    let slot = lo & this.#mask;
    while (this.#block[slot] !== NONE && (this.#lo[slot] !== lo || this.#hi[slot] !== hi))
      slot = (slot + 1) & this.#mask;
    return slot;
  }
}
