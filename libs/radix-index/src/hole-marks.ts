const SLOT_WORDS = 3;
const BLOCK = 0;
const TARGET = 1;
const CHILDREN = 2;
const SLOTS_MIN = 64;

/**
 * Holes: block b is a hole of target t when t does not hold b but holds children of b. Each is counted with the number of
 * those children, exactly, so that a target is known to be free of holes as soon as it is. An engine that evicts tails
 * first never makes one.
 *
 * Why it matters: a target without holes that holds a block holds the whole prefix, so a match may jump.
 */
export class HoleMarks {
  /** (block, target, children) by open addressing, at most half full; block 0 is a free slot. */
  #slots = new Int32Array(SLOTS_MIN * SLOT_WORDS);
  #count = 0;
  /** Holes by target. */
  #holes = new Int32Array(0);
  /** Targets with holes, in no order, and where each stands. */
  #holed = new Int32Array(0);
  #places = new Int32Array(0);
  #holedCount = 0;

  get bytes(): number {
    return this.#slots.byteLength + this.#holes.byteLength * 3;
  }

  /** Targets that have a hole. */
  get holedCount(): number {
    return this.#holedCount;
  }

  /** The targets that have a hole: index 0 to `holedCount`, excluded. */
  holedTarget(index: number): number {
    return this.#holed[index] ?? 0;
  }

  /** Makes room up to `target`; before any other method is called with it. */
  reserve(target: number): void {
    if (target < this.#holes.length) return;
    const length = Math.max(target + 1, this.#holes.length * 2, 16);
    this.#holes = enlarged(this.#holes, length);
    this.#holed = enlarged(this.#holed, length);
    this.#places = enlarged(this.#places, length);
  }

  hasHoles(target: number): boolean {
    return (this.#holes[target] ?? 0) !== 0;
  }

  /** `target` holds `children` more children of `block`, which it does not hold. */
  add(block: number, target: number, children: number): void {
    const at = this.#find(block, target);
    if (this.#slots[at] !== 0) {
      this.#slots[at + CHILDREN] = (this.#slots[at + CHILDREN] ?? 0) + children;
      return;
    }
    this.#slots[at] = block;
    this.#slots[at + TARGET] = target;
    this.#slots[at + CHILDREN] = children;
    this.#count += 1;
    this.#countHole(target, 1);
    if (this.#count * 2 * SLOT_WORDS > this.#slots.length) this.#grow();
  }

  /** `target` holds one child of `block` less. */
  dropChild(block: number, target: number): void {
    const at = this.#find(block, target);
    if (this.#slots[at] === 0) return;
    const children = (this.#slots[at + CHILDREN] ?? 0) - 1;
    this.#slots[at + CHILDREN] = children;
    if (children === 0) this.#erase(at);
  }

  /** `target` holds `block` (again). */
  fill(block: number, target: number): void {
    const at = this.#find(block, target);
    if (this.#slots[at] !== 0) this.#erase(at);
  }

  /** Forgets all holes of `target`. O(holes of all targets). */
  clearTarget(target: number): void {
    if (!this.hasHoles(target)) return;
    for (let at = 0; at < this.#slots.length;) {
      // An erased slot is filled by what follows, so it is looked at again.
      if (this.#slots[at] !== 0 && this.#slots[at + TARGET] === target) this.#erase(at);
      else at += SLOT_WORDS;
    }
    // Erasing moves slots around the end of the table: one may have moved to where the scan had been.
    if (this.hasHoles(target)) this.clearTarget(target);
  }

  /** Offset of the pair, or of the free slot where it would be. */
  #find(block: number, target: number): number {
    const slotCount = this.#slots.length / SLOT_WORDS;
    let slot = homeOf(block, target) & (slotCount - 1);
    for (;;) {
      const at = slot * SLOT_WORDS;
      if (this.#slots[at] === 0) return at;
      if (this.#slots[at + BLOCK] === block && this.#slots[at + TARGET] === target) return at;
      slot = (slot + 1) & (slotCount - 1);
    }
  }

  #erase(at: number): void {
    this.#countHole(this.#slots[at + TARGET] ?? 0, -1);
    this.#count -= 1;
    const mask = this.#slots.length / SLOT_WORDS - 1;
    let hole = at / SLOT_WORDS;
    for (let slot = (hole + 1) & mask; this.#slots[slot * SLOT_WORDS] !== 0; slot = (slot + 1) & mask) {
      const from = slot * SLOT_WORDS;
      const home = homeOf(this.#slots[from] ?? 0, this.#slots[from + TARGET] ?? 0) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#slots.copyWithin(hole * SLOT_WORDS, from, from + SLOT_WORDS);
      hole = slot;
    }
    this.#slots.fill(0, hole * SLOT_WORDS, (hole + 1) * SLOT_WORDS);
  }

  #countHole(target: number, change: number): void {
    const holes = (this.#holes[target] ?? 0) + change;
    this.#holes[target] = holes;
    if (holes === 1 && change === 1) {
      this.#places[target] = this.#holedCount;
      this.#holed[this.#holedCount++] = target;
    } else if (holes === 0) {
      const place = this.#places[target] ?? 0;
      const last = this.#holed[--this.#holedCount] ?? 0;
      this.#holed[place] = last;
      this.#places[last] = place;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    for (let from = 0; from < old.length; from += SLOT_WORDS) {
      if (old[from] === 0) continue;
      const at = this.#find(old[from] ?? 0, old[from + TARGET] ?? 0);
      for (let word = 0; word < SLOT_WORDS; word += 1) this.#slots[at + word] = old[from + word] ?? 0;
    }
  }
}

function homeOf(block: number, target: number): number {
  const mixed = Math.imul(block ^ Math.imul(target + 1, 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

function enlarged(from: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(from);
  return larger;
}
