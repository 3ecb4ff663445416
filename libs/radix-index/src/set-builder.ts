/** Up to this many members a set is an ascending list; above it, one bit per target up to the highest member. */
export const LIST_MEMBERS_MAX = 16;

/**
 * Builds the members of a changed set before it is looked up: `words[0..wordCount)`, in the form that follows from `size`
 * alone, so that equal sets are equal words. `from` is an array that holds the old members at `at`.
 */
export class SetBuilder {
  words = new Int32Array(64);
  wordCount = 0;
  size = 0;

  /** `{first, second}`; first < second. */
  pair(first: number, second: number): void {
    this.words[0] = first;
    this.words[1] = second;
    this.wordCount = 2;
    this.size = 2;
  }

  /** A list with one member more. */
  listWith(from: Int32Array, at: number, size: number, target: number): void {
    let index = 0;
    for (; index < size && (from[at + index] ?? 0) < target; index += 1)
      this.words[index] = from[at + index] ?? 0;
    this.words[index] = target;
    for (; index < size; index += 1) this.words[index + 1] = from[at + index] ?? 0;
    this.size = size + 1;
    this.wordCount = size + 1;
  }

  /** A list with one member less. */
  listWithout(from: Int32Array, at: number, size: number, target: number): void {
    let count = 0;
    for (let index = 0; index < size; index += 1) {
      const member = from[at + index] ?? 0;
      if (member !== target) this.words[count++] = member;
    }
    this.size = count;
    this.wordCount = count;
  }

  /** A full list becomes bits, with one member more. */
  listToBitsWith(from: Int32Array, at: number, size: number, target: number): void {
    this.wordCount = (Math.max(from[at + size - 1] ?? 0, target) >>> 5) + 1;
    this.#reserve(this.wordCount);
    this.words.fill(0, 0, this.wordCount);
    for (let index = 0; index < size; index += 1) this.#setBit(from[at + index] ?? 0);
    this.#setBit(target);
    this.size = size + 1;
  }

  /** Bits with one member more; `wordCount` words of `from`. */
  bitsWith(from: Int32Array, at: number, wordCount: number, target: number): void {
    const wanted = Math.max(wordCount, (target >>> 5) + 1);
    this.#reserve(wanted);
    for (let word = 0; word < wordCount; word += 1) this.words[word] = from[at + word] ?? 0;
    this.words.fill(0, wordCount, wanted);
    this.#setBit(target);
    this.wordCount = wanted;
  }

  /** Bits with one member less; words that become empty at the end go. */
  bitsWithout(from: Int32Array, at: number, wordCount: number, target: number): void {
    this.#reserve(wordCount);
    for (let word = 0; word < wordCount; word += 1) this.words[word] = from[at + word] ?? 0;
    const word = target >>> 5;
    this.words[word] = (this.words[word] ?? 0) & ~(1 << (target & 31));
    this.wordCount = wordCount;
    while (this.words[this.wordCount - 1] === 0) this.wordCount -= 1;
  }

  /** Bits become a full list, with one member less. */
  bitsToListWithout(from: Int32Array, at: number, wordCount: number, target: number): void {
    let count = 0;
    for (let word = 0; word < wordCount; word += 1) {
      for (let bits = from[at + word] ?? 0; bits !== 0; bits &= bits - 1) {
        const member = word * 32 + 31 - Math.clz32(bits & -bits);
        if (member !== target) this.words[count++] = member;
      }
    }
    this.size = count;
    this.wordCount = count;
  }

  #setBit(target: number): void {
    const word = target >>> 5;
    this.words[word] = (this.words[word] ?? 0) | (1 << (target & 31));
  }

  #reserve(wordCount: number): void {
    if (wordCount > this.words.length) this.words = new Int32Array(wordCount * 2);
  }
}
