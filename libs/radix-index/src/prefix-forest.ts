import { DOWN, PREV, UP } from './block-records.js';
import type { BlockRecords } from './block-records.js';

/** `prev` of a block that is not among the listed leaves. */
export const UNLISTED = -1;
/** `up` of a block whose own parent is not known: it was only named as somebody's parent. */
const DETACHED = -0x8000_0000;

const SIBLING_WORDS = 4;
const CHILD = 0;
const PARENT = 1;
const NEXT = 2;
const BEFORE = 3;
const SIBLINGS_MIN = 64;

/**
 * Parents, children and the age of leaves, kept in the last three words of a block's record:
 *
 * - `up`: parent id; 0 for the start of a sequence; negative for a sibling entry (or `DETACHED`);
 * - a block with children has `prev` = UNLISTED and `down` = its only child, or minus its first sibling entry;
 * - a listed leaf uses `down` and `prev` as links to the next younger and next older leaf.
 *
 * Only children of branching blocks need a sibling entry (16 bytes), so a plain chain pays nothing for it.
 * All operations are O(1) but `isAncestor`, which is O(depth).
 */
export class PrefixForest {
  readonly #records: BlockRecords;
  #siblings = new Int32Array(SIBLINGS_MIN * SIBLING_WORDS);
  #siblingCount = 0;
  #firstFreeSibling = 0;
  #oldestLeaf = 0;
  #youngestLeaf = 0;

  constructor(records: BlockRecords) {
    this.#records = records;
  }

  get bytes(): number {
    return this.#siblings.byteLength;
  }

  /** Leaf to evict first, or 0 when none is listed. */
  get oldestLeaf(): number {
    return this.#oldestLeaf;
  }

  /** Parent id, or 0 at the start of a sequence and for a detached block. */
  parentOf(id: number): number {
    const up = this.#records.get(id, UP);
    if (up >= 0) return up;
    return up === DETACHED ? 0 : this.#sibling(-up, PARENT);
  }

  isDetached(id: number): boolean {
    return this.#records.get(id, UP) === DETACHED;
  }

  detach(id: number): void {
    this.#records.set(id, UP, DETACHED);
  }

  /** Gives a detached block its parent, or 0 when it starts a sequence. */
  attach(id: number, parent: number): void {
    if (parent === 0) this.#records.set(id, UP, 0);
    else this.link(parent, id);
  }

  hasChildren(id: number): boolean {
    return this.#records.get(id, PREV) === UNLISTED && this.#records.get(id, DOWN) !== 0;
  }

  /** First child, or 0; then `nextSibling` of it. The order is that of linking, youngest first. */
  firstChild(id: number): number {
    if (this.#records.get(id, PREV) !== UNLISTED) return 0;
    const down = this.#records.get(id, DOWN);
    return down >= 0 ? down : this.#sibling(-down, CHILD);
  }

  nextSibling(child: number): number {
    const up = this.#records.get(child, UP);
    if (up >= 0 || up === DETACHED) return 0;
    const next = this.#sibling(-up, NEXT);
    return next === 0 ? 0 : this.#sibling(next, CHILD);
  }

  isAncestor(ancestor: number, id: number): boolean {
    for (let at = id; at !== 0; at = this.parentOf(at)) {
      if (at === ancestor) return true;
    }
    return false;
  }

  /** Makes `child`, which has no parent, a child of `parent`, which is not a listed leaf. */
  link(parent: number, child: number): void {
    const records = this.#records;
    const down = records.get(parent, DOWN);
    if (down === 0) {
      records.set(parent, DOWN, child);
      records.set(child, UP, parent);
      return;
    }
    const first = down > 0 ? this.#addSibling(parent, down, 0) : -down;
    const entry = this.#addSibling(parent, child, first);
    this.#setSibling(first, BEFORE, entry);
    records.set(parent, DOWN, -entry);
  }

  /** Undoes `link`. The parent may be left without children; it is not listed by this. */
  unlink(child: number): void {
    const records = this.#records;
    const up = records.get(child, UP);
    records.set(child, UP, 0);
    if (up === 0 || up === DETACHED) return;
    if (up > 0) {
      records.set(up, DOWN, 0);
      return;
    }
    const parent = this.#sibling(-up, PARENT);
    const next = this.#sibling(-up, NEXT);
    const before = this.#sibling(-up, BEFORE);
    if (next !== 0) this.#setSibling(next, BEFORE, before);
    if (before !== 0) this.#setSibling(before, NEXT, next);
    else records.set(parent, DOWN, -next);
    this.#freeSibling(-up);
    this.#collapse(parent);
  }

  isListed(id: number): boolean {
    return this.#records.get(id, PREV) !== UNLISTED;
  }

  /** Lists a block without children as the last to be evicted. */
  listYoungest(id: number): void {
    this.#records.set(id, PREV, this.#youngestLeaf);
    this.#records.set(id, DOWN, 0);
    if (this.#youngestLeaf === 0) this.#oldestLeaf = id;
    else this.#records.set(this.#youngestLeaf, DOWN, id);
    this.#youngestLeaf = id;
  }

  /** Lists a block without children as the first to be evicted. */
  listOldest(id: number): void {
    this.#records.set(id, PREV, 0);
    this.#records.set(id, DOWN, this.#oldestLeaf);
    if (this.#oldestLeaf === 0) this.#youngestLeaf = id;
    else this.#records.set(this.#oldestLeaf, PREV, id);
    this.#oldestLeaf = id;
  }

  /** Takes a block off the list of leaves; nothing when it is not on it. */
  unlist(id: number): void {
    const older = this.#records.get(id, PREV);
    if (older === UNLISTED) return;
    const younger = this.#records.get(id, DOWN);
    if (younger === 0) this.#youngestLeaf = older;
    else this.#records.set(younger, PREV, older);
    if (older === 0) this.#oldestLeaf = younger;
    else this.#records.set(older, DOWN, younger);
    this.#records.set(id, PREV, UNLISTED);
    this.#records.set(id, DOWN, 0);
  }

  /** A block left with one sibling entry has one child again and needs no entry. */
  #collapse(parent: number): void {
    const first = -this.#records.get(parent, DOWN);
    if (this.#sibling(first, NEXT) !== 0) return;
    const only = this.#sibling(first, CHILD);
    this.#records.set(parent, DOWN, only);
    this.#records.set(only, UP, parent);
    this.#freeSibling(first);
  }

  #sibling(entry: number, word: number): number {
    return this.#siblings[entry * SIBLING_WORDS + word] ?? 0;
  }

  #setSibling(entry: number, word: number, value: number): void {
    this.#siblings[entry * SIBLING_WORDS + word] = value;
  }

  #addSibling(parent: number, child: number, next: number): number {
    let entry = this.#firstFreeSibling;
    if (entry !== 0) this.#firstFreeSibling = this.#sibling(entry, NEXT);
    else {
      entry = ++this.#siblingCount;
      if ((entry + 1) * SIBLING_WORDS > this.#siblings.length) {
        const larger = new Int32Array(Math.ceil(this.#siblings.length * 0.375) * SIBLING_WORDS);
        larger.set(this.#siblings);
        this.#siblings = larger;
      }
    }
    this.#setSibling(entry, CHILD, child);
    this.#setSibling(entry, PARENT, parent);
    this.#setSibling(entry, NEXT, next);
    this.#setSibling(entry, BEFORE, 0);
    this.#records.set(child, UP, -entry);
    return entry;
  }

  #freeSibling(entry: number): void {
    this.#setSibling(entry, NEXT, this.#firstFreeSibling);
    this.#firstFreeSibling = entry;
  }
}
