/** Runs are multiples of this many words (32 bytes). */
const GRAIN_WORDS = 8;
const POOL_WORDS_MIN = 1024;

/**
 * Runs of words of any length in one growing array, with a free list per length. A freed run is only given out again for
 * the same length, so an offset is always the start of a run. Offset 0 is never given out. Growth is by half, with a copy.
 */
export class WordPool {
  #words = new Int32Array(POOL_WORDS_MIN);
  #usedWords = GRAIN_WORDS;
  #liveWords = 0;
  #firstFree = new Int32Array(8);

  /** The array that offsets point into; another one after an `allocate` that grew it. */
  get words(): Int32Array {
    return this.#words;
  }

  get bytes(): number {
    return this.#words.byteLength + this.#firstFree.byteLength;
  }

  /** Bytes of the runs that are given out. */
  get liveBytes(): number {
    return this.#liveWords * 4;
  }

  /** Offset of a run of at least `count` words with arbitrary content. O(1) but for growth. */
  allocate(count: number): number {
    const grains = Math.ceil(count / GRAIN_WORDS);
    this.#liveWords += grains * GRAIN_WORDS;
    const free = this.#firstFree[grains] ?? 0;
    if (free !== 0) {
      this.#firstFree[grains] = this.#words[free] ?? 0;
      return free;
    }
    const offset = this.#usedWords;
    this.#usedWords += grains * GRAIN_WORDS;
    if (this.#usedWords > this.#words.length) {
      const larger = new Int32Array(Math.max(this.#usedWords, Math.ceil(this.#words.length * 1.5)));
      larger.set(this.#words);
      this.#words = larger;
    }
    return offset;
  }

  /** Gives a run back; its first word is overwritten. `count` is what it was allocated for. */
  free(offset: number, count: number): void {
    const grains = Math.ceil(count / GRAIN_WORDS);
    this.#liveWords -= grains * GRAIN_WORDS;
    if (grains >= this.#firstFree.length) {
      const larger = new Int32Array(grains * 2);
      larger.set(this.#firstFree);
      this.#firstFree = larger;
    }
    this.#words[offset] = this.#firstFree[grains] ?? 0;
    this.#firstFree[grains] = offset;
  }
}
