import type { HashWords } from '@kvasir/contract';

/** Blocks by slot, as `HeldBlocks` keeps them, and who is whose child. */
export interface BlockForest {
  /** Per slot: lo, hi, parent lo, parent hi. */
  readonly words: Uint32Array;
  /** Per slot: whether the block has a parent. */
  readonly hasParent: (slot: number) => boolean;
  /** Per slot: another slot, or `NO_SLOT`. */
  readonly firstChild: Int32Array;
  readonly nextSibling: Int32Array;
}

export const NO_SLOT = -1;

/** Blocks of one visit; a longer chain comes in pieces, each the child of the one before. */
const CHAIN_BLOCKS_MAX = 4_096;

/** Walks a forest in chains, parents before children, each block once. */
export class ChainWalk {
  readonly #forest: BlockForest;
  readonly #visit: (parent: HashWords | null, hashes: HashWords) => void;
  readonly #isVisited: Uint8Array;
  readonly #parent = new Uint32Array(2);
  readonly #chain = new Uint32Array(CHAIN_BLOCKS_MAX * 2);
  #hasParent = false;
  #chainBlocks = 0;

  constructor(forest: BlockForest, visit: (parent: HashWords | null, hashes: HashWords) => void) {
    this.#forest = forest;
    this.#visit = visit;
    this.#isVisited = new Uint8Array(forest.firstChild.length);
  }

  isVisited(slot: number): boolean {
    return this.#isVisited[slot] !== 0;
  }

  /** Visits a block and all its descendants that have not been visited. */
  walkFrom(head: number): void {
    // Siblings wait here until the chain of their parent has been handed over.
    const waiting = [head];
    for (let start = waiting.pop(); start !== undefined; start = waiting.pop()) {
      if (this.isVisited(start)) continue;
      const { words, hasParent } = this.#forest;
      this.#begin(hasParent(start), words[start * 4 + 2] ?? 0, words[start * 4 + 3] ?? 0);
      for (let slot = start; slot !== NO_SLOT && !this.isVisited(slot);) slot = this.#append(slot, waiting);
      this.#handOver();
    }
  }

  /** @returns the child that continues the chain, or `NO_SLOT`. */
  #append(slot: number, waiting: number[]): number {
    const { words, firstChild, nextSibling } = this.#forest;
    this.#isVisited[slot] = 1;
    if (this.#chainBlocks === CHAIN_BLOCKS_MAX) {
      const last = this.#chain.slice(-2);
      this.#handOver();
      this.#begin(true, last[0] ?? 0, last[1] ?? 0);
    }
    this.#chain[this.#chainBlocks * 2] = words[slot * 4] ?? 0;
    this.#chain[this.#chainBlocks * 2 + 1] = words[slot * 4 + 1] ?? 0;
    this.#chainBlocks += 1;
    const child = firstChild[slot] ?? NO_SLOT;
    if (child === NO_SLOT) return NO_SLOT;
    for (let other = nextSibling[child] ?? NO_SLOT; other !== NO_SLOT; other = nextSibling[other] ?? NO_SLOT)
      waiting.push(other);
    return child;
  }

  #begin(hasParent: boolean, lo: number, hi: number): void {
    this.#hasParent = hasParent;
    this.#parent[0] = lo;
    this.#parent[1] = hi;
    this.#chainBlocks = 0;
  }

  #handOver(): void {
    this.#visit(this.#hasParent ? this.#parent : null, this.#chain.subarray(0, this.#chainBlocks * 2));
  }
}
