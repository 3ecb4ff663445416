import { LIST_MEMBERS_MAX, SetBuilder } from './set-builder.js';
import { HASH_HI, HASH_LO, HEADER_WORDS, REFS, SIZE, STAMP, WORDS } from './set-layout.js';
import { SetTransitions } from './set-transitions.js';
import { WordPool } from './word-pool.js';

/** A set of targets: 0 is the empty one, a negative number is `~target`, any other the offset of an interned set. */
export type TargetSet = number;

export const EMPTY_SET: TargetSet = 0;

export function setOfOne(target: number): TargetSet {
  return ~target;
}

const TABLE_SLOTS_MIN = 64;

/**
 * Sets of targets where equal sets are one integer. Most blocks share few distinct sets, so a block pays four bytes for its
 * holders and a match compares integers. Sets are counted by the blocks that have them and go with the last one.
 *
 * Adding or removing one target is O(1) when the transition is remembered, else O(targets / 32).
 */
export class TargetSets {
  readonly #pool = new WordPool();
  readonly #transitions = new SetTransitions();
  readonly #builder = new SetBuilder();
  /** Interned sets by hash: open addressing, at most half full. */
  #table = new Int32Array(TABLE_SLOTS_MIN);
  #count = 0;
  #lastStamp = 0;

  /** Distinct sets of two or more targets. */
  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#pool.bytes + this.#table.byteLength + this.#transitions.bytes;
  }

  /** Bytes of the sets that are in use. */
  get liveBytes(): number {
    return this.#pool.liveBytes;
  }

  sizeOf(set: TargetSet): number {
    return set > 0 ? (this.#pool.words[set + SIZE] ?? 0) : set === EMPTY_SET ? 0 : 1;
  }

  has(set: TargetSet, target: number): boolean {
    if (set <= 0) return set === ~target;
    const words = this.#pool.words;
    const wordCount = words[set + WORDS] ?? 0;
    const at = set + HEADER_WORDS;
    if ((words[set + SIZE] ?? 0) > LIST_MEMBERS_MAX) {
      const word = target >>> 5;
      return word < wordCount && (((words[at + word] ?? 0) >>> (target & 31)) & 1) === 1;
    }
    for (let index = at; index < at + wordCount; index += 1) if (words[index] === target) return true;
    return false;
  }

  /** The lowest member above `after`, or -1: `for (let t = next(s, -1); t >= 0; t = next(s, t))`. */
  next(set: TargetSet, after: number): number {
    if (set <= 0) return set !== EMPTY_SET && ~set > after ? ~set : -1;
    const words = this.#pool.words;
    const wordCount = words[set + WORDS] ?? 0;
    const at = set + HEADER_WORDS;
    if ((words[set + SIZE] ?? 0) <= LIST_MEMBERS_MAX) {
      for (let index = at; index < at + wordCount; index += 1) {
        const member = words[index] ?? 0;
        if (member > after) return member;
      }
      return -1;
    }
    const first = after + 1;
    let word = first >>> 5;
    let bits = (words[at + word] ?? 0) & (-1 << (first & 31));
    while (word < wordCount) {
      if (bits !== 0) return word * 32 + 31 - Math.clz32(bits & -bits);
      word += 1;
      bits = words[at + word] ?? 0;
    }
    return -1;
  }

  /** The set with `target`; itself when it has it. Not counted until `retain`. */
  add(set: TargetSet, target: number): TargetSet {
    if (set === EMPTY_SET) return ~target;
    if (this.has(set, target)) return set;
    const known = this.#transitions.find(set, target, this.#pool.words);
    if (known !== null) return known;
    const hashLo = this.#hashLo(set) ^ targetHashLo(target);
    const hashHi = this.#hashHi(set) ^ targetHashHi(target);
    this.#buildWith(set, target);
    const result = this.#intern(hashLo, hashHi);
    this.#transitions.remember(set, target, result, this.#pool.words);
    return result;
  }

  /** The set without `target`; itself when it does not have it. Not counted until `retain`. */
  remove(set: TargetSet, target: number): TargetSet {
    if (!this.has(set, target)) return set;
    if (set < 0) return EMPTY_SET;
    const known = this.#transitions.find(set, ~target, this.#pool.words);
    if (known !== null) return known;
    const result = this.#without(set, target);
    this.#transitions.remember(set, ~target, result, this.#pool.words);
    return result;
  }

  /** One more block has the set. */
  retain(set: TargetSet): void {
    if (set > 0) this.#pool.words[set + REFS] = (this.#pool.words[set + REFS] ?? 0) + 1;
  }

  /** One block less has the set; with the last one it goes. */
  release(set: TargetSet): void {
    if (set <= 0) return;
    const words = this.#pool.words;
    const refs = (words[set + REFS] ?? 0) - 1;
    words[set + REFS] = refs;
    if (refs === 0) this.#forget(set);
  }

  /** Writes `value` at the index of every member that is inside `overlaps`, which holds nothing but zeros. */
  writeFirst(set: TargetSet, overlaps: Uint32Array, value: number): void {
    const words = this.#pool.words;
    const wordCount = set > 0 ? (words[set + WORDS] ?? 0) : 0;
    // A prefix that most targets hold: filling all and clearing the others is ten times faster than member by member.
    if (set <= 0 || (words[set + SIZE] ?? 0) * 2 < wordCount * 32) {
      this.write(set, overlaps, value);
      return;
    }
    overlaps.fill(value, 0, wordCount * 32);
    for (let word = 0; word < wordCount; word += 1) {
      writeBits(~(words[set + HEADER_WORDS + word] ?? 0), word * 32, overlaps, 0);
    }
  }

  /** Writes `value` at the index of every member that is inside `overlaps`. */
  write(set: TargetSet, overlaps: Uint32Array, value: number): void {
    if (set <= 0) {
      if (set !== EMPTY_SET && ~set < overlaps.length) overlaps[~set] = value;
      return;
    }
    const words = this.#pool.words;
    const wordCount = words[set + WORDS] ?? 0;
    const at = set + HEADER_WORDS;
    if ((words[set + SIZE] ?? 0) > LIST_MEMBERS_MAX) {
      for (let word = 0; word < wordCount; word += 1)
        writeBits(words[at + word] ?? 0, word * 32, overlaps, value);
      return;
    }
    for (let index = at; index < at + wordCount; index += 1) {
      const member = words[index] ?? 0;
      if (member < overlaps.length) overlaps[member] = value;
    }
  }

  /**
   * Writes `value` for the members of `set` that are not in `later`, and possibly for members of `later` too, which the
   * caller writes afterwards. O(targets / 32 + members that leave).
   */
  writeLeaving(set: TargetSet, later: TargetSet, overlaps: Uint32Array, value: number): void {
    if (!this.#isBits(set) || !this.#isBits(later)) {
      this.write(set, overlaps, value);
      return;
    }
    const words = this.#pool.words;
    const wordCount = words[set + WORDS] ?? 0;
    const laterWordCount = words[later + WORDS] ?? 0;
    for (let word = 0; word < wordCount; word += 1) {
      const staying = word < laterWordCount ? (words[later + HEADER_WORDS + word] ?? 0) : 0;
      writeBits((words[set + HEADER_WORDS + word] ?? 0) & ~staying, word * 32, overlaps, value);
    }
  }

  #isBits(set: TargetSet): boolean {
    return set > 0 && (this.#pool.words[set + SIZE] ?? 0) > LIST_MEMBERS_MAX;
  }

  #hashLo(set: TargetSet): number {
    return set < 0 ? targetHashLo(~set) : (this.#pool.words[set + HASH_LO] ?? 0);
  }

  #hashHi(set: TargetSet): number {
    return set < 0 ? targetHashHi(~set) : (this.#pool.words[set + HASH_HI] ?? 0);
  }

  #buildWith(set: TargetSet, target: number): void {
    if (set < 0) {
      this.#builder.pair(Math.min(~set, target), Math.max(~set, target));
      return;
    }
    const words = this.#pool.words;
    const size = words[set + SIZE] ?? 0;
    const at = set + HEADER_WORDS;
    if (size < LIST_MEMBERS_MAX) this.#builder.listWith(words, at, size, target);
    else if (size === LIST_MEMBERS_MAX) this.#builder.listToBitsWith(words, at, size, target);
    else this.#builder.bitsWith(words, at, words[set + WORDS] ?? 0, target);
    this.#builder.size = size + 1;
  }

  #without(set: TargetSet, target: number): TargetSet {
    const words = this.#pool.words;
    const size = words[set + SIZE] ?? 0;
    const at = set + HEADER_WORDS;
    if (size === 2) return ~((words[at] === target ? words[at + 1] : words[at]) ?? 0);
    const hashLo = this.#hashLo(set) ^ targetHashLo(target);
    const hashHi = this.#hashHi(set) ^ targetHashHi(target);
    const wordCount = words[set + WORDS] ?? 0;
    if (size <= LIST_MEMBERS_MAX) this.#builder.listWithout(words, at, size, target);
    else if (size === LIST_MEMBERS_MAX + 1) this.#builder.bitsToListWithout(words, at, wordCount, target);
    else this.#builder.bitsWithout(words, at, wordCount, target);
    this.#builder.size = size - 1;
    return this.#intern(hashLo, hashHi);
  }

  /** The set that the builder holds: the one that exists, or a new one with no references yet. */
  #intern(hashLo: number, hashHi: number): TargetSet {
    const mask = this.#table.length - 1;
    let slot = hashLo & mask;
    for (let set = this.#table[slot] ?? 0; set !== 0; set = this.#table[slot] ?? 0) {
      if (this.#isBuilt(set, hashLo, hashHi)) return set;
      slot = (slot + 1) & mask;
    }
    const { words: members, wordCount, size } = this.#builder;
    const set = this.#pool.allocate(HEADER_WORDS + wordCount);
    const words = this.#pool.words;
    words[set + REFS] = 0;
    words[set + SIZE] = size;
    words[set + HASH_LO] = hashLo;
    words[set + HASH_HI] = hashHi;
    this.#lastStamp = (this.#lastStamp + 1) | 0 || 1;
    words[set + STAMP] = this.#lastStamp;
    words[set + WORDS] = wordCount;
    for (let word = 0; word < wordCount; word += 1) words[set + HEADER_WORDS + word] = members[word] ?? 0;
    this.#table[slot] = set;
    this.#count += 1;
    if (this.#count * 2 > this.#table.length) this.#growTable();
    return set;
  }

  /** The hash only narrows the search down: members are compared, so that two sets can never become one. */
  #isBuilt(set: TargetSet, hashLo: number, hashHi: number): boolean {
    const words = this.#pool.words;
    const { words: members, wordCount, size } = this.#builder;
    if (words[set + HASH_LO] !== hashLo || words[set + HASH_HI] !== hashHi) return false;
    if (words[set + SIZE] !== size || words[set + WORDS] !== wordCount) return false;
    for (let word = 0; word < wordCount; word += 1) {
      if (words[set + HEADER_WORDS + word] !== members[word]) return false;
    }
    return true;
  }

  #forget(set: TargetSet): void {
    const words = this.#pool.words;
    const mask = this.#table.length - 1;
    let hole = (words[set + HASH_LO] ?? 0) & mask;
    while (this.#table[hole] !== set) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const other = this.#table[at] ?? 0;
      if (other === 0) break;
      const home = (words[other + HASH_LO] ?? 0) & mask;
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        this.#table[hole] = other;
        hole = at;
      }
    }
    this.#table[hole] = 0;
    this.#count -= 1;
    words[set + STAMP] = 0;
    this.#pool.free(set, HEADER_WORDS + (words[set + WORDS] ?? 0));
  }

  #growTable(): void {
    const larger = new Int32Array(this.#table.length * 2);
    const mask = larger.length - 1;
    for (const set of this.#table) {
      if (set === 0) continue;
      let slot = (this.#pool.words[set + HASH_LO] ?? 0) & mask;
      while (larger[slot] !== 0) slot = (slot + 1) & mask;
      larger[slot] = set;
    }
    this.#table = larger;
  }
}

/** Writes `value` for each bit of a word; `base` is the target of its lowest bit. */
function writeBits(bits: number, base: number, overlaps: Uint32Array, value: number): void {
  for (let left = bits; left !== 0; left &= left - 1) {
    const member = base + 31 - Math.clz32(left & -left);
    if (member < overlaps.length) overlaps[member] = value;
  }
}

/** A set's hash is the exclusive or of its members' hashes, so that one member more or less is O(1). */
function targetHashLo(target: number): number {
  return spread(Math.imul(target + 1, 0x9e3779b1));
}

function targetHashHi(target: number): number {
  return spread(Math.imul(target + 1, 0xc2b2ae3d) ^ 0x27d4eb2f);
}

function spread(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
