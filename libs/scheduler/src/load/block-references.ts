/** Slots are doubled when more than this share is in use, so that probes stay short. */
const LOAD_SHARE_MAX = 0.6;
const CAPACITY_INITIAL = 1024;

/**
 * How many bookings of a target use a block: counts by (target, sequence hash).
 * Open addressing in typed arrays, 16 bytes per slot, backward-shift deletion; no object or key per block. O(1) per call.
 */
export class BlockReferences {
  #capacity = CAPACITY_INITIAL;
  #lo = new Uint32Array(CAPACITY_INITIAL);
  #hi = new Uint32Array(CAPACITY_INITIAL);
  #target = new Uint32Array(CAPACITY_INITIAL);
  /** 0 marks a free slot. */
  #count = new Uint32Array(CAPACITY_INITIAL);
  #used = 0;

  /** Distinct (target, block) pairs. */
  get size(): number {
    return this.#used;
  }

  /** Adds a reference. @returns the count after it; 1 means the block is new on the target. */
  add(target: number, lo: number, hi: number): number {
    if (this.#used + 1 > this.#capacity * LOAD_SHARE_MAX) this.#grow();
    const slot = this.#slotOf(target, lo >>> 0, hi >>> 0);
    const count = (this.#count[slot] ?? 0) + 1;
    if (count === 1) {
      this.#lo[slot] = lo;
      this.#hi[slot] = hi;
      this.#target[slot] = target;
      this.#used += 1;
    }
    this.#count[slot] = count;
    return count;
  }

  /** Drops a reference. @returns the count after it, or null when there was none. */
  drop(target: number, lo: number, hi: number): number | null {
    const slot = this.#slotOf(target, lo >>> 0, hi >>> 0);
    const count = this.#count[slot] ?? 0;
    if (count === 0) return null;
    this.#count[slot] = count - 1;
    if (count === 1) this.#release(slot);
    return count - 1;
  }

  /** The slot of a pair, or the free slot where it would go. */
  #slotOf(target: number, lo: number, hi: number): number {
    const mask = this.#capacity - 1;
    let slot = homeOf(target, lo, hi) & mask;
    while (this.#count[slot] !== 0) {
      if (this.#lo[slot] === lo && this.#hi[slot] === hi && this.#target[slot] === target) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  /** Frees a slot and moves later members of its run forward, so that no run has a gap. */
  #release(freed: number): void {
    const mask = this.#capacity - 1;
    let gap = freed;
    let slot = (freed + 1) & mask;
    while (this.#count[slot] !== 0) {
      const home = homeOf(this.#target[slot] ?? 0, this.#lo[slot] ?? 0, this.#hi[slot] ?? 0) & mask;
      if (((slot - home) & mask) >= ((slot - gap) & mask)) {
        this.#move(slot, gap);
        gap = slot;
      }
      slot = (slot + 1) & mask;
    }
    this.#count[gap] = 0;
    this.#used -= 1;
  }

  #move(from: number, to: number): void {
    this.#lo[to] = this.#lo[from] ?? 0;
    this.#hi[to] = this.#hi[from] ?? 0;
    this.#target[to] = this.#target[from] ?? 0;
    this.#count[to] = this.#count[from] ?? 0;
  }

  #grow(): void {
    const old = {
      lo: this.#lo,
      hi: this.#hi,
      target: this.#target,
      count: this.#count,
      capacity: this.#capacity,
    };
    this.#capacity *= 2;
    this.#lo = new Uint32Array(this.#capacity);
    this.#hi = new Uint32Array(this.#capacity);
    this.#target = new Uint32Array(this.#capacity);
    this.#count = new Uint32Array(this.#capacity);
    for (let from = 0; from < old.capacity; from += 1) {
      const count = old.count[from] ?? 0;
      if (count === 0) continue;
      const slot = this.#slotOf(old.target[from] ?? 0, old.lo[from] ?? 0, old.hi[from] ?? 0);
      this.#lo[slot] = old.lo[from] ?? 0;
      this.#hi[slot] = old.hi[from] ?? 0;
      this.#target[slot] = old.target[from] ?? 0;
      this.#count[slot] = count;
    }
  }
}

/** Hashes are well mixed already; the target is spread over them. */
function homeOf(target: number, lo: number, hi: number): number {
  return (lo ^ Math.imul(hi, 0x85ebca6b) ^ Math.imul(target + 1, 0x9e3779b1)) >>> 0;
}
