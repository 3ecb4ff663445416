import type { EngineKvEvent } from './decode/engine-kv-event.js';

type Stored = Extract<EngineKvEvent, { kind: 'stored' }>;

/** What the group of a run of blocks means for it. */
export type GroupVerdict =
  /** It decides what can be reused. */
  | 'main'
  /** It does, and what was taken for deciding before does not. */
  | 'better'
  | 'other'
  /** It has none where others have: it is of a connector, not of the engine's own cache. */
  | 'ungrouped';

/**
 * Which of an engine's layer groups decides what can be reused. Not the first one that is heard of: what an engine tells of a group outweighs what comes
 * without one, blocks of the pool's size outweigh others, and a lower number a higher one, as engines number their full attention first.
 */
export class MainGroup {
  readonly #blockSize: number;
  #group: number | null | undefined = undefined;
  #rank = Number.POSITIVE_INFINITY;

  /** @param blockSize tokens per block of the pool. */
  constructor(blockSize: number) {
    this.#blockSize = blockSize;
  }

  judge(event: Stored): GroupVerdict {
    const { group, isFullAttention } = event;
    if (!isFullAttention) return 'other';
    if (group === null && typeof this.#group === 'number') return 'ungrouped';
    if (!this.#fits(event.blockSize))
      return this.#group === undefined || group === this.#group ? 'main' : 'other';
    const rank = this.#rankOf(event);
    if (group === this.#group) this.#rank = Math.min(rank, this.#rank);
    if (group === this.#group || !this.#isBetter(rank, group))
      return group === this.#group ? 'main' : 'other';
    const isFirst = this.#group === undefined;
    this.#group = group;
    this.#rank = rank;
    return isFirst ? 'main' : 'better';
  }

  /** What comes without a group may be of any: a block too few is better than one that is gone. */
  concerns(group: number | null): boolean {
    return group === null || this.#group === undefined || group === this.#group;
  }

  #fits(blockSize: number): boolean {
    return blockSize % this.#blockSize === 0 || this.#blockSize % blockSize === 0;
  }

  #rankOf({ group, blockSize }: Stored): number {
    return (group === null ? 2 : 0) + (blockSize === this.#blockSize ? 0 : 1);
  }

  #isBetter(rank: number, group: number | null): boolean {
    if (rank !== this.#rank) return rank < this.#rank;
    return (group ?? 0) < (this.#group ?? 0);
  }
}
