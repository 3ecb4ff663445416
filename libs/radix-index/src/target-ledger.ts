import { mixLower, mixUpper } from './digest.js';

const ENTRY_WORDS = 4;
const DIGEST_LO = 0;
const DIGEST_HI = 1;
const BLOCKS = 2;
const INCOMPLETE = 3;
const TARGETS_MIN = 16;

/** Per target: how many blocks it holds, their digest, and whether a limit has taken any. 16 bytes each. */
export class TargetLedger {
  #entries = new Int32Array(TARGETS_MIN * ENTRY_WORDS);

  get bytes(): number {
    return this.#entries.byteLength;
  }

  /** Makes room up to `target`; before any other method is called with it. */
  reserve(target: number): void {
    const wanted = (target + 1) * ENTRY_WORDS;
    if (wanted <= this.#entries.length) return;
    const larger = new Int32Array(Math.max(wanted, this.#entries.length * 2));
    larger.set(this.#entries);
    this.#entries = larger;
  }

  add(target: number, lo: number, hi: number): void {
    const entries = this.#entries;
    const at = target * ENTRY_WORDS;
    const upper = mixUpper(lo, hi);
    entries[at] = (entries[at] ?? 0) + mixLower(lo, hi, upper);
    entries[at + DIGEST_HI] = (entries[at + DIGEST_HI] ?? 0) ^ upper;
    entries[at + BLOCKS] = (entries[at + BLOCKS] ?? 0) + 1;
  }

  subtract(target: number, lo: number, hi: number): void {
    const entries = this.#entries;
    const at = target * ENTRY_WORDS;
    const upper = mixUpper(lo, hi);
    entries[at] = (entries[at] ?? 0) - mixLower(lo, hi, upper);
    entries[at + DIGEST_HI] = (entries[at + DIGEST_HI] ?? 0) ^ upper;
    entries[at + BLOCKS] = (entries[at + BLOCKS] ?? 0) - 1;
  }

  markIncomplete(target: number): void {
    this.#entries[target * ENTRY_WORDS + INCOMPLETE] = 1;
  }

  clear(target: number): void {
    if (target * ENTRY_WORDS < this.#entries.length) {
      this.#entries.fill(0, target * ENTRY_WORDS, (target + 1) * ENTRY_WORDS);
    }
  }

  blockCount(target: number): number {
    return this.#entries[target * ENTRY_WORDS + BLOCKS] ?? 0;
  }

  digestLo(target: number): number {
    return (this.#entries[target * ENTRY_WORDS + DIGEST_LO] ?? 0) >>> 0;
  }

  digestHi(target: number): number {
    return (this.#entries[target * ENTRY_WORDS + DIGEST_HI] ?? 0) >>> 0;
  }

  isComplete(target: number): boolean {
    return (this.#entries[target * ENTRY_WORDS + INCOMPLETE] ?? 0) === 0;
  }
}
