import type { CandidateColumns } from '@kvasir/cost-model';
import type { ActiveLoad } from './active-load.js';

/** Scratch columns of one decision, kept between decisions so that routing allocates none. */
export class CandidateTable {
  #overlapBlocks = new Uint32Array(16);
  #overlapView = this.#overlapBlocks;
  isEligible = new Uint8Array(16);
  potentialDecodeBlocks = new Float64Array(16);
  costs = new Float64Array(16);

  /** Makes room for targets below this number. */
  ensureColumns(columnCount: number): void {
    if (columnCount <= this.costs.length) return;
    const size = Math.max(columnCount, this.costs.length * 2);
    this.#overlapBlocks = new Uint32Array(size);
    this.#overlapView = this.#overlapBlocks;
    this.isEligible = new Uint8Array(size);
    this.potentialDecodeBlocks = new Float64Array(size);
    this.costs = new Float64Array(size);
  }

  /** Exactly `columnCount` long, so that a match fills what is used and no more. */
  overlapBlocks(columnCount: number): Uint32Array {
    if (this.#overlapView.length !== columnCount)
      this.#overlapView = this.#overlapBlocks.subarray(0, columnCount);
    return this.#overlapView;
  }

  columns(load: ActiveLoad, columnCount: number): CandidateColumns {
    return {
      targetCount: columnCount,
      isEligible: this.isEligible,
      overlapBlocks: this.overlapBlocks(columnCount),
      activePrefillTokens: load.prefillTokens,
      potentialDecodeBlocks: this.potentialDecodeBlocks,
      activeRequests: load.requests,
    };
  }

  /** The eligible target that a turn falls on, by number; null when none is eligible. */
  nthEligible(targetCount: number, turn: number): number | null {
    let eligibleCount = 0;
    for (let target = 0; target < targetCount; target += 1) eligibleCount += this.isEligible[target] ?? 0;
    if (eligibleCount === 0) return null;
    let left = turn % eligibleCount;
    for (let target = 0; target < targetCount; target += 1) {
      if (this.isEligible[target] !== 1) continue;
      if (left === 0) return target;
      left -= 1;
    }
    return null;
  }
}
