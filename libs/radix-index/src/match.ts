import { SET } from './block-records.js';
import type { BlockRecords } from './block-records.js';
import type { HashDirectory } from './hash-directory.js';
import type { HoleMarks } from './hole-marks.js';
import { EMPTY_SET } from './target-sets.js';
import type { TargetSet, TargetSets } from './target-sets.js';
import type { PrefixQuery } from './types.js';

/** Blocks that are hashed at the least, because a call of the hash kernel costs as much as a few blocks. */
const HASH_STRIDE_BLOCKS = 8;
/** Each jump is this many times as far as the last: few probes weigh more than a few hashes too many. */
const STEP_GROWTH = 4;
/** A walk hashes to the next multiple of this plus one. */
const WALK_STRIDE_MASK = 31;

/** What a match reads. */
export interface MatchTables {
  readonly directory: HashDirectory;
  readonly records: BlockRecords;
  readonly sets: TargetSets;
  readonly holes: HoleMarks;
}

/**
 * Walks one query. Targets without holes are matched by jumps: when such a target holds a block it holds all before it,
 * so where two blocks have the same set, all between are held by the same ones of them, and a boundary is found by
 * doubling and halving. Targets with holes, if any, are then matched block by block and overwrite what the jumps said.
 */
export class PrefixMatch {
  readonly #tables: MatchTables;
  /** Targets with holes that still follow the prefix; grows to the number of targets. */
  #following = new Int32Array(16);

  constructor(tables: MatchTables) {
    this.#tables = tables;
  }

  /**
   * Fills `overlaps` (index = target) and returns the deepest overlap.
   * O(runs · (log(blocks) + targets / 32)) lookups and words, where a run is a stretch of blocks with the same set.
   */
  run(query: PrefixQuery, overlaps: Uint32Array): number {
    overlaps.fill(0);
    if (query.blockCount === 0) return 0;
    const first = this.#setAt(query, 0);
    if (first === EMPTY_SET) return 0;
    const deepest = this.#jump(query, first, overlaps);
    if (this.#tables.holes.holedCount === 0) return deepest;
    this.#walk(query, first, overlaps);
    return maximum(overlaps);
  }

  #setAt(query: PrefixQuery, block: number): TargetSet {
    const { directory, records } = this.#tables;
    query.hashTo(Math.min(query.blockCount, Math.max(block + 1, HASH_STRIDE_BLOCKS)));
    const words = query.words;
    const id = directory.find((words[block * 2] ?? 0) | 0, (words[block * 2 + 1] ?? 0) | 0);
    return id === 0 ? EMPTY_SET : records.get(id, SET);
  }

  #jump(query: PrefixQuery, first: TargetSet, overlaps: Uint32Array): number {
    const { sets } = this.#tables;
    let set = first;
    let low = 0;
    let isFirst = true;
    // Nobody (without holes) holds the block at the ceiling or any after it.
    let ceiling = query.blockCount;
    for (;;) {
      let high = low + 1;
      let highSet: TargetSet = EMPTY_SET;
      for (let step = 1; low + 1 < ceiling; step *= STEP_GROWTH) {
        high = Math.min(low + step, ceiling - 1);
        highSet = this.#setAt(query, high);
        if (highSet !== set) break;
        low = high;
      }
      if (low + 1 >= ceiling) {
        high = ceiling;
        highSet = EMPTY_SET;
      }
      while (high - low > 1) {
        if (highSet === EMPTY_SET) ceiling = high;
        const middle = (low + high) >>> 1;
        const middleSet = this.#setAt(query, middle);
        if (middleSet === set) {
          low = middle;
        } else {
          high = middle;
          highSet = middleSet;
        }
      }
      if (isFirst) sets.writeFirst(set, overlaps, high);
      else sets.writeLeaving(set, highSet, overlaps, high);
      isFirst = false;
      if (highSet === EMPTY_SET) return high;
      low = high;
      set = highSet;
    }
  }

  /** Block by block, for the targets that have holes. */
  #walk(query: PrefixQuery, first: TargetSet, overlaps: Uint32Array): void {
    const { sets, holes } = this.#tables;
    if (holes.holedCount > this.#following.length) this.#following = new Int32Array(holes.holedCount * 2);
    const following = this.#following;
    let count = 0;
    for (let index = 0; index < holes.holedCount; index += 1) {
      const target = holes.holedTarget(index);
      if (target >= overlaps.length) continue;
      overlaps[target] = 0;
      if (sets.has(first, target)) following[count++] = target;
    }
    let previous = first;
    for (let block = 1; count > 0; block += 1) {
      if (block < query.blockCount) query.hashTo(Math.min(query.blockCount, (block | WALK_STRIDE_MASK) + 1));
      const set = block < query.blockCount ? this.#setAt(query, block) : EMPTY_SET;
      if (set === previous) continue;
      previous = set;
      count = this.#keep(set, count, overlaps, block);
    }
  }

  /** Keeps those of the first `count` that are in `set`; the others followed for `block` blocks. */
  #keep(set: TargetSet, count: number, overlaps: Uint32Array, block: number): number {
    const { sets } = this.#tables;
    const following = this.#following;
    let kept = 0;
    for (let index = 0; index < count; index += 1) {
      const target = following[index] ?? 0;
      if (sets.has(set, target)) following[kept++] = target;
      else overlaps[target] = block;
    }
    return kept;
  }
}

function maximum(overlaps: Uint32Array): number {
  let deepest = 0;
  for (const overlap of overlaps) if (overlap > deepest) deepest = overlap;
  return deepest;
}
