import type {
  PrefixQuery,
  RadixIndexOptions,
  RemovedOutcome,
  StoredChain,
  StoredOutcome,
  TargetDigest,
} from './types.js';

interface Block {
  readonly lo: number;
  readonly hi: number;
  parent: string | null;
  readonly holders: Set<number>;
}

/** Which target holds which prefix. First form on plain maps; the flat table follows behind the same methods. */
export class RadixIndex {
  readonly #blocks = new Map<string, Block>();
  readonly #blockCountMax: number;
  #evictedBlockCount = 0;

  constructor(options: RadixIndexOptions) {
    this.#blockCountMax = options.blockCountMax;
  }

  get blockCount(): number {
    return this.#blocks.size;
  }

  get evictedBlockCount(): number {
    return this.#evictedBlockCount;
  }

  get bytes(): number {
    return this.#blocks.size * 400;
  }

  memberCount(target: number): number {
    let count = 0;
    for (const block of this.#blocks.values()) if (block.holders.has(target)) count += 1;
    return count;
  }

  applyStored(target: number, parent: Uint32Array | null, hashes: Uint32Array): StoredOutcome {
    if (parent !== null && this.#blocks.get(keyOf(parent, 0))?.holders.has(target) !== true) {
      return { kind: 'unknownParent' };
    }
    return this.restore({ target, parent, hashes });
  }

  restore(chain: StoredChain): StoredOutcome {
    const { target, parent, hashes } = chain;
    let addedBlocks = 0;
    let previous = parent === null ? null : keyOf(parent, 0);
    for (let index = 0; index < hashes.length / 2; index += 1) {
      const key = keyOf(hashes, index);
      let block = this.#blocks.get(key);
      if (block === undefined) {
        if (this.#blocks.size >= this.#blockCountMax) {
          return {
            kind: 'limitReached',
            addedBlocks,
            evictedBlocks: 0,
            refusedBlocks: hashes.length / 2 - index,
          };
        }
        block = {
          lo: hashes[index * 2] ?? 0,
          hi: hashes[index * 2 + 1] ?? 0,
          parent: previous,
          holders: new Set(),
        };
        this.#blocks.set(key, block);
      } else if (block.parent !== previous) {
        return { kind: 'conflictingParent', blockIndex: index, addedBlocks, evictedBlocks: 0 };
      }
      if (!block.holders.has(target)) addedBlocks += 1;
      block.holders.add(target);
      previous = key;
    }
    return addedBlocks === 0 ? { kind: 'duplicate' } : { kind: 'applied', addedBlocks };
  }

  applyRemoved(target: number, hashes: Uint32Array): RemovedOutcome {
    let removedBlocks = 0;
    for (let index = 0; index < hashes.length / 2; index += 1) {
      const key = keyOf(hashes, index);
      const block = this.#blocks.get(key);
      if (block?.holders.delete(target) === true) removedBlocks += 1;
      if (block?.holders.size === 0) this.#blocks.delete(key);
    }
    const unknownBlocks = hashes.length / 2 - removedBlocks;
    return unknownBlocks === 0
      ? { kind: 'applied', removedBlocks }
      : { kind: 'unknownBlocks', removedBlocks, unknownBlocks };
  }

  removeTarget(target: number): number {
    let dropped = 0;
    for (const [key, block] of this.#blocks) {
      if (block.holders.delete(target)) dropped += 1;
      if (block.holders.size === 0) this.#blocks.delete(key);
    }
    return dropped;
  }

  match(query: PrefixQuery, overlapBlocks: Uint32Array): number {
    overlapBlocks.fill(0);
    let active: number[] | null = null;
    let index = 0;
    for (; index < query.blockCount; index += 1) {
      query.hashTo(index + 1);
      const holders: ReadonlySet<number> | undefined = this.#blocks.get(keyOf(query.words, index))?.holders;
      if (holders === undefined) break;
      active = (active ?? [...holders]).filter((target) => holders.has(target));
      if (active.length === 0) break;
      for (const target of active) if (target < overlapBlocks.length) overlapBlocks[target] = index + 1;
    }
    return index;
  }

  digest(target: number): TargetDigest {
    let lo = 0;
    let hi = 0;
    let blockCount = 0;
    for (const block of this.#blocks.values()) {
      if (!block.holders.has(target)) continue;
      lo ^= block.lo;
      hi ^= block.hi;
      blockCount += 1;
    }
    return { lo: lo >>> 0, hi: hi >>> 0, blockCount, isComplete: true };
  }

  *dump(): Generator<StoredChain> {
    for (const block of this.#blocks.values()) {
      const parent = block.parent === null ? undefined : this.#blocks.get(block.parent);
      for (const target of block.holders) {
        yield {
          target,
          parent: parent === undefined ? null : Uint32Array.of(parent.lo, parent.hi),
          hashes: Uint32Array.of(block.lo, block.hi),
        };
      }
    }
  }

  render(): string {
    return [...this.#blocks].map(([key, block]) => `${key} {${[...block.holders].join(',')}}`).join('\n');
  }
}

function keyOf(words: Uint32Array, index: number): string {
  return `${(words[index * 2 + 1] ?? 0).toString(16)}:${(words[index * 2] ?? 0).toString(16)}`;
}
