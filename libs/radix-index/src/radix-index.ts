import { BLOCK_COUNT_LIMIT, SET } from './block-records.js';
import { dumpChains } from './dump.js';
import { PrefixMatch } from './match.js';
import { PrefixTable } from './prefix-table.js';
import { renderTable } from './render.js';
import { EMPTY_SET } from './target-sets.js';
import type {
  PrefixQuery,
  RadixIndexOptions,
  RemovedOutcome,
  StoredChain,
  StoredOutcome,
  TargetDigest,
} from './types.js';

export const TARGET_COUNT_MAX_DEFAULT = 65_536;
/** What a stored event does with one of its blocks. */
const CONFLICTING = -2;
const REFUSED = -1;
const KEPT = 0;
const ADDED = 1;
/** Share of `setBytesMax` for each block that may be known. */
const SET_BYTES_PER_BLOCK = 8;
const SET_BYTES_MAX_LEAST = 16 * 1024 * 1024;

/**
 * Which target holds which prefix, exactly, whatever the order of events.
 *
 * Blocks are sequence hashes, two words (lo, hi) each; a sequence hash names its whole prefix. Targets are small dense
 * integers. All state is in typed arrays: about 24 bytes per distinct block, 5 to 10 for the table, and the interned sets.
 */
export class RadixIndex {
  readonly blockCountMax: number;
  readonly targetCountMax: number;
  readonly #setBytesMax: number;
  readonly #table = new PrefixTable();
  readonly #match = new PrefixMatch(this.#table);
  #evictedBlockCount = 0;
  #refusedBlockCount = 0;

  /** @throws RangeError for a limit that is not a positive whole number, or above what the index can hold. */
  constructor(options: RadixIndexOptions) {
    this.blockCountMax = checkLimit('blockCountMax', options.blockCountMax, BLOCK_COUNT_LIMIT);
    this.targetCountMax = checkLimit(
      'targetCountMax',
      options.targetCountMax ?? TARGET_COUNT_MAX_DEFAULT,
      0x0100_0000,
    );
    const setBytesMax =
      options.setBytesMax ?? Math.max(SET_BYTES_MAX_LEAST, this.blockCountMax * SET_BYTES_PER_BLOCK);
    this.#setBytesMax = checkLimit('setBytesMax', setBytesMax, Number.MAX_SAFE_INTEGER);
  }

  /** Distinct blocks that are known, those included that nobody holds but whose children somebody does. */
  get blockCount(): number {
    return this.#table.records.liveCount;
  }

  /** Bytes of all arrays, free room in them included. */
  get bytes(): number {
    return this.#table.bytes;
  }

  /** Distinct sets of two or more targets that are in use. */
  get setCount(): number {
    return this.#table.sets.count;
  }

  /** Blocks dropped so far because `blockCountMax` was reached. */
  get evictedBlockCount(): number {
    return this.#evictedBlockCount;
  }

  /** Blocks not stored so far because a limit was reached. */
  get refusedBlockCount(): number {
    return this.#refusedBlockCount;
  }

  /** Targets that hold a block but not the one before it; a match follows these block by block. */
  get holedTargetCount(): number {
    return this.#table.holes.holedCount;
  }

  /** Blocks that the target holds. */
  memberCount(target: number): number {
    this.#checkTarget(target);
    return this.#table.ledger.blockCount(target);
  }

  /**
   * The target now holds `hashes` (2 words per block), a run below `parent` (2 words; null at the start of a sequence).
   * O(blocks); no allocation per block.
   * @throws RangeError for a target out of range or hashes that are not whole words pairs.
   */
  applyStored(target: number, parent: Uint32Array | null, hashes: Uint32Array): StoredOutcome {
    this.#checkTarget(target);
    checkHashes(hashes);
    const parentId = parent === null ? 0 : this.#findParent(parent);
    if (parent !== null && (parentId === 0 || !this.#table.holds(parentId, target))) {
      return { kind: 'unknownParent' };
    }
    return this.#store(target, parentId, hashes);
  }

  /**
   * Puts back a chain of `dump`. Unlike `applyStored` it takes chains whose parent the target does not hold, because a dump
   * has them where a target has a hole.
   */
  restore(chain: StoredChain): StoredOutcome {
    const { target, parent, hashes } = chain;
    this.#checkTarget(target);
    checkHashes(hashes);
    if (parent === null) return this.#store(target, 0, hashes);
    if (hashes.length === 0) return { kind: 'duplicate' };
    const evictedBefore = this.#evictedBlockCount;
    let parentId = this.#findParent(parent);
    if (parentId === 0) {
      if (!this.#makeRoom(0)) {
        return this.#limitReached({
          target,
          addedBlocks: 0,
          evictedBefore,
          refusedBlocks: hashes.length / 2,
        });
      }
      parentId = this.#table.createGhost((parent[0] ?? 0) | 0, (parent[1] ?? 0) | 0);
    }
    return this.#store(target, parentId, hashes, evictedBefore);
  }

  /**
   * The target no longer holds these blocks. O(blocks), plus the children of each block that has several.
   * Blocks that it does not hold are counted and change nothing.
   */
  applyRemoved(target: number, hashes: Uint32Array): RemovedOutcome {
    this.#checkTarget(target);
    checkHashes(hashes);
    let removedBlocks = 0;
    for (let word = 0; word < hashes.length; word += 2) {
      const id = this.#table.directory.find((hashes[word] ?? 0) | 0, (hashes[word + 1] ?? 0) | 0);
      if (id !== 0 && this.#table.drop(id, target)) removedBlocks += 1;
    }
    const unknownBlocks = hashes.length / 2 - removedBlocks;
    return unknownBlocks === 0
      ? { kind: 'applied', removedBlocks }
      : { kind: 'unknownBlocks', removedBlocks, unknownBlocks };
  }

  /**
   * The target is gone, or has cleared its cache: drops all that it holds and returns how many blocks that was.
   * Its number may be used again at once. O(known blocks) but at once for a target that holds nothing: about 5 ns each.
   */
  removeTarget(target: number): number {
    this.#checkTarget(target);
    return this.#table.dropTarget(target);
  }

  /**
   * Writes for every target below `overlapBlocks.length` how many leading blocks of the query it holds, and returns the
   * most. Hashes the query only as far as somebody holds it (at most twice as far, and at least 8 blocks).
   * O(targets / 16) to clear, then per stretch of blocks with equal holders O(log(blocks) + targets / 32); block by block
   * only for targets with holes. Changes nothing.
   */
  match(query: PrefixQuery, overlapBlocks: Uint32Array): number {
    return this.#match.run(query, overlapBlocks);
  }

  /** Digest of what the target holds, the same for the same blocks in any order. O(1). */
  digest(target: number): TargetDigest {
    this.#checkTarget(target);
    const { ledger } = this.#table;
    return {
      lo: ledger.digestLo(target),
      hi: ledger.digestHi(target),
      blockCount: ledger.blockCount(target),
      isComplete: ledger.isComplete(target),
    };
  }

  /**
   * All that is held, as chains with parents before children, so that `restore` in this order gives the same index.
   * Of all targets, or of one. The index must not change while the iteration is under way.
   */
  dump(target: number | null = null): Generator<StoredChain> {
    if (target !== null) this.#checkTarget(target);
    return dumpChains(this.#table, target);
  }

  /** The state as text, at most `linesMax` lines: one per stretch of blocks with equal holders, indented by branch. */
  render(linesMax = 1000): string {
    return renderTable(this.#table, linesMax);
  }

  #findParent(parent: Uint32Array): number {
    if (parent.length !== 2) {
      throw new RangeError(`Cannot look up a parent: it must be 2 words, received ${parent.length}`);
    }
    return this.#table.directory.find((parent[0] ?? 0) | 0, (parent[1] ?? 0) | 0);
  }

  #store(
    target: number,
    parentId: number,
    hashes: Uint32Array,
    evictedBefore = this.#evictedBlockCount,
  ): StoredOutcome {
    const table = this.#table;
    const blockCount = hashes.length / 2;
    let step = KEPT;
    let block = 0;
    let addedBlocks = 0;
    let previous = parentId;
    // While it is extended, a block is no leaf that could be evicted.
    if (previous !== 0 && blockCount > 0) table.forest.unlist(previous);
    for (; block < blockCount; block += 1) {
      const lo = (hashes[block * 2] ?? 0) | 0;
      const hi = (hashes[block * 2 + 1] ?? 0) | 0;
      let id = table.directory.find(lo, hi);
      if (id !== 0) {
        step = this.#join(id, previous, target);
      } else if (this.#makeRoom(previous) && table.directory.makeRoom(lo, hi)) {
        id = table.createHeld(lo, hi, previous, target);
        step = ADDED;
      } else {
        step = REFUSED;
      }
      if (step < KEPT) break;
      addedBlocks += step;
      // Only a restored chain can start below a block that the target does not hold.
      if (block === 0 && step === ADDED) table.noteParent(id, target);
      previous = id;
    }
    if (blockCount > 0) table.settle(previous);
    const evictedBlocks = this.#evictedBlockCount - evictedBefore;
    if (step === CONFLICTING)
      return { kind: 'conflictingParent', blockIndex: block, addedBlocks, evictedBlocks };
    if (step === REFUSED || evictedBlocks > 0) {
      return this.#limitReached({ target, addedBlocks, evictedBefore, refusedBlocks: blockCount - block });
    }
    return addedBlocks === 0 ? { kind: 'duplicate' } : { kind: 'applied', addedBlocks };
  }

  /** Makes `target` hold a known block, which the event places below `previous`. */
  #join(id: number, previous: number, target: number): number {
    const table = this.#table;
    const { forest } = table;
    if (forest.isDetached(id)) {
      if (previous !== 0 && forest.isAncestor(id, previous)) return CONFLICTING;
      forest.attach(id, previous);
    } else if (forest.parentOf(id) !== previous) {
      return CONFLICTING;
    }
    if (this.#lacksSetRoom(id, target)) return REFUSED;
    forest.unlist(id);
    return table.hold(id, target) ? ADDED : KEPT;
  }

  /** True when one more block may be known, for which old leaves may have to go; never `extending`. */
  #makeRoom(extending: number): boolean {
    const { records } = this.#table;
    while (records.liveCount >= this.blockCountMax) {
      const before = records.liveCount;
      if (!this.#table.evictOldest(extending)) return false;
      this.#evictedBlockCount += before - records.liveCount;
    }
    return true;
  }

  /** True when `target` would make a new set of holders and these have used up their bytes. */
  #lacksSetRoom(id: number, target: number): boolean {
    const { records, sets } = this.#table;
    if (sets.liveBytes < this.#setBytesMax) return false;
    const set = records.get(id, SET);
    return set !== EMPTY_SET && !sets.has(set, target);
  }

  #limitReached(event: {
    readonly target: number;
    readonly addedBlocks: number;
    readonly evictedBefore: number;
    readonly refusedBlocks: number;
  }): StoredOutcome {
    const { target, addedBlocks, evictedBefore, refusedBlocks } = event;
    if (refusedBlocks > 0) {
      this.#refusedBlockCount += refusedBlocks;
      this.#table.ledger.markIncomplete(target);
    }
    const evictedBlocks = this.#evictedBlockCount - evictedBefore;
    return { kind: 'limitReached', addedBlocks, evictedBlocks, refusedBlocks };
  }

  /** Also makes room for the target in the arrays that it indexes. */
  #checkTarget(target: number): void {
    if (!Number.isInteger(target) || target < 0 || target >= this.targetCountMax) {
      throw new RangeError(
        `Cannot use a target: it must be a whole number from 0 to ${this.targetCountMax - 1}, received ${target}`,
      );
    }
    this.#table.ledger.reserve(target);
    this.#table.holes.reserve(target);
  }
}

function checkLimit(name: string, value: number, most: number): number {
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new RangeError(
      `Cannot make an index: ${name} must be a whole number from 1 to ${most}, received ${value}`,
    );
  }
  return value;
}

function checkHashes(hashes: Uint32Array): void {
  if (hashes.length % 2 !== 0) {
    throw new RangeError(`Cannot read hashes: they must be 2 words each, received ${hashes.length} words`);
  }
}
