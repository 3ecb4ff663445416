import type { CandidateColumns } from '@kvasir/cost-model';
import type { ActiveLoad } from '../load/active-load.js';

/** Scratch columns of one decision, kept between decisions so that routing allocates none. */
export class CandidateTable {
  #overlapBlocks = new Uint32Array(16);
  #overlapView = this.#overlapBlocks;
  isEligible = new Uint8Array(16);
  potentialDecodeBlocks = new Float64Array(16);
  costs = new Float64Array(16);
  /** Number of the last booking on each target; kept between decisions. */
  lastTurns = new Float64Array(16);

  /** Makes room for targets below this number. */
  ensureColumns(columnCount: number): void {
    if (columnCount <= this.costs.length) return;
    const size = Math.max(columnCount, this.costs.length * 2);
    this.#overlapBlocks = new Uint32Array(size);
    this.#overlapView = this.#overlapBlocks;
    this.isEligible = new Uint8Array(size);
    this.potentialDecodeBlocks = new Float64Array(size);
    this.costs = new Float64Array(size);
    const turns = new Float64Array(size);
    turns.set(this.lastTurns);
    this.lastTurns = turns;
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
}
