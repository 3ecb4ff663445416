interface NaiveBlock {
  /** Key of the parent; null at the start of a sequence; 'unknown' while the block is only known as a parent. */
  parent: string | null;
  readonly words: readonly [lo: number, hi: number];
  readonly holders: Set<number>;
}

/** A run of blocks of one target; hashes are 2 words (lo, hi) each. */
export interface NaiveChain {
  readonly target: number;
  readonly parent: Uint32Array | null;
  readonly hashes: Uint32Array;
}

const UNKNOWN = 'unknown';

/**
 * The oracle of the radix index: the same meaning on maps and arrays, each rule written the plain way and looked up by
 * scanning. Slow on purpose.
 */
export class NaivePrefixIndex {
  readonly #blocks = new Map<string, NaiveBlock>();
  readonly #blockCountMax: number;
  /** Keys of blocks without children, the one to evict first in front. */
  readonly #leaves: string[] = [];
  readonly #incomplete = new Set<number>();
  #evictedBlockCount = 0;

  constructor(blockCountMax: number) {
    this.#blockCountMax = blockCountMax;
  }

  get blockCount(): number {
    return this.#blocks.size;
  }

  get evictedBlockCount(): number {
    return this.#evictedBlockCount;
  }

  isComplete(target: number): boolean {
    return !this.#incomplete.has(target);
  }

  /** Sorted keys of what the target holds. */
  heldBy(target: number): string[] {
    return [...this.#blocks]
      .filter(([, block]) => block.holders.has(target))
      .map(([key]) => key)
      .sort();
  }

  /** True when the target holds a block, but not the known block before it. */
  hasHole(target: number): boolean {
    return [...this.#blocks.values()].some(
      ({ holders, parent }) => holders.has(target) && parent !== null && !this.#holds(parent, target),
    );
  }

  applyStored(target: number, parent: Uint32Array | null, hashes: Uint32Array): object {
    if (parent !== null && this.#blocks.get(keyAt(parent, 0))?.holders.has(target) !== true) {
      return { kind: 'unknownParent' };
    }
    return this.#store(target, parent === null ? null : keyAt(parent, 0), hashes, this.#evictedBlockCount);
  }

  restore({ target, parent, hashes }: NaiveChain): object {
    const evictedBefore = this.#evictedBlockCount;
    if (parent === null) return this.#store(target, null, hashes, evictedBefore);
    if (hashes.length === 0) return { kind: 'duplicate' };
    const key = keyAt(parent, 0);
    if (!this.#blocks.has(key)) {
      if (!this.#makeRoom(null)) {
        return this.#limitReached(target, {
          addedBlocks: 0,
          evictedBefore,
          refusedBlocks: hashes.length / 2,
        });
      }
      this.#blocks.set(key, { parent: UNKNOWN, words: wordsAt(parent, 0), holders: new Set() });
    }
    return this.#store(target, key, hashes, evictedBefore);
  }

  applyRemoved(target: number, hashes: Uint32Array): object {
    let removedBlocks = 0;
    for (let index = 0; index < hashes.length / 2; index += 1) {
      const key = keyAt(hashes, index);
      if (this.#blocks.get(key)?.holders.delete(target) !== true) continue;
      removedBlocks += 1;
      this.#deleteUnkept(key, null);
    }
    const unknownBlocks = hashes.length / 2 - removedBlocks;
    return unknownBlocks === 0
      ? { kind: 'applied', removedBlocks }
      : { kind: 'unknownBlocks', removedBlocks, unknownBlocks };
  }

  removeTarget(target: number): number {
    let dropped = 0;
    for (const block of this.#blocks.values()) if (block.holders.delete(target)) dropped += 1;
    for (;;) {
      const unkept = [...this.#blocks].find(
        ([key, block]) => block.holders.size === 0 && !this.#hasChildren(key),
      );
      if (unkept === undefined) break;
      this.#forget(unkept[0]);
    }
    const newLeaves = [...this.#blocks.keys()].filter(
      (key) => !this.#hasChildren(key) && !this.#leaves.includes(key),
    );
    for (const key of newLeaves.sort()) this.#leaves.unshift(key);
    this.#incomplete.delete(target);
    return dropped;
  }

  /** Leading blocks that each target below `targetCount` holds. */
  match(words: Uint32Array, targetCount: number): number[] {
    return Array.from({ length: targetCount }, (_, target) => {
      let overlap = 0;
      while (overlap < words.length / 2 && this.#holds(keyAt(words, overlap), target)) overlap += 1;
      return overlap;
    });
  }

  #store(target: number, parent: string | null, hashes: Uint32Array, evictedBefore: number): object {
    const blockCount = hashes.length / 2;
    let addedBlocks = 0;
    let previous = parent;
    if (blockCount === 0) return { kind: 'duplicate' };
    if (previous !== null) this.#unlist(previous);
    for (let index = 0; index < blockCount; index += 1) {
      const key = keyAt(hashes, index);
      const known = this.#blocks.get(key);
      if (known === undefined) {
        if (!this.#makeRoom(previous)) {
          this.#settle(previous);
          return this.#limitReached(target, {
            addedBlocks,
            evictedBefore,
            refusedBlocks: blockCount - index,
          });
        }
        this.#blocks.set(key, { parent: previous, words: wordsAt(hashes, index), holders: new Set() });
      } else if (!this.#canBeBelow(key, known, previous)) {
        this.#settle(previous);
        const evictedBlocks = this.#evictedBlockCount - evictedBefore;
        return { kind: 'conflictingParent', blockIndex: index, addedBlocks, evictedBlocks };
      } else {
        known.parent = previous;
      }
      this.#unlist(key);
      const holders = this.#blocks.get(key)?.holders;
      if (holders?.has(target) === false) addedBlocks += 1;
      holders?.add(target);
      previous = key;
    }
    this.#settle(previous);
    if (this.#evictedBlockCount > evictedBefore) {
      return this.#limitReached(target, { addedBlocks, evictedBefore, refusedBlocks: 0 });
    }
    return addedBlocks === 0 ? { kind: 'duplicate' } : { kind: 'applied', addedBlocks };
  }

  #limitReached(
    target: number,
    counts: { readonly addedBlocks: number; readonly evictedBefore: number; readonly refusedBlocks: number },
  ): object {
    if (counts.refusedBlocks > 0) this.#incomplete.add(target);
    return {
      kind: 'limitReached',
      addedBlocks: counts.addedBlocks,
      evictedBlocks: this.#evictedBlockCount - counts.evictedBefore,
      refusedBlocks: counts.refusedBlocks,
    };
  }

  #canBeBelow(key: string, block: NaiveBlock, parent: string | null): boolean {
    if (block.parent !== UNKNOWN) return block.parent === parent;
    for (let at = parent; at !== null && at !== UNKNOWN; at = this.#blocks.get(at)?.parent ?? null) {
      if (at === key) return false;
    }
    return true;
  }

  #makeRoom(extending: string | null): boolean {
    while (this.#blocks.size >= this.#blockCountMax) {
      const oldest = this.#leaves[0];
      if (oldest === undefined) return false;
      const before = this.#blocks.size;
      for (const target of this.#blocks.get(oldest)?.holders ?? []) this.#incomplete.add(target);
      this.#blocks.get(oldest)?.holders.clear();
      this.#deleteUnkept(oldest, extending);
      this.#evictedBlockCount += before - this.#blocks.size;
    }
    return true;
  }

  /** Deletes the block when nothing keeps it, and what only it kept; a parent left as a leaf is next to be evicted. */
  #deleteUnkept(key: string, extending: string | null): void {
    const block = this.#blocks.get(key);
    if (block === undefined || block.holders.size > 0 || this.#hasChildren(key)) return;
    this.#forget(key);
    const { parent } = block;
    if (parent === null || parent === UNKNOWN || parent === extending || this.#hasChildren(parent)) return;
    if (this.#blocks.get(parent)?.holders.size === 0) this.#deleteUnkept(parent, extending);
    else this.#leaves.unshift(parent);
  }

  #settle(key: string | null): void {
    if (key === null || this.#hasChildren(key)) return;
    if (this.#blocks.get(key)?.holders.size === 0) this.#deleteUnkept(key, null);
    else this.#leaves.push(key);
  }

  #forget(key: string): void {
    this.#unlist(key);
    this.#blocks.delete(key);
  }

  #unlist(key: string): void {
    const place = this.#leaves.indexOf(key);
    if (place >= 0) this.#leaves.splice(place, 1);
  }

  #hasChildren(key: string): boolean {
    for (const block of this.#blocks.values()) if (block.parent === key) return true;
    return false;
  }

  #holds(key: string, target: number): boolean {
    return this.#blocks.get(key)?.holders.has(target) === true;
  }
}

/** 16 hex digits of the hash, so that keys sort as hashes do. */
function keyAt(words: Uint32Array, index: number): string {
  const hex = (word: number | undefined): string => (word ?? 0).toString(16).padStart(8, '0');
  return hex(words[index * 2 + 1]) + hex(words[index * 2]);
}

function wordsAt(words: Uint32Array, index: number): readonly [number, number] {
  return [words[index * 2] ?? 0, words[index * 2 + 1] ?? 0];
}
