import type { BlockOrigin, EngineHash } from './decode/engine-kv-event.js';

/** What an engine means by telling of a block that it holds, and by telling that one has gone. */
export const copyRules = ['learned', 'counted', 'single'] as const;
export type CopyRule =
  /** What its events say of it, and what it has shown. */
  | 'learned'
  /** Each store is a copy, each removal takes one. */
  | 'counted'
  /** Engines that keep one copy only: more stores say the same again, one removal takes all. */
  | 'single';

/** Blocks of which a copy may be left; beyond it the oldest are taken for gone. */
export const DOUBTED_BLOCKS_MAX = 65_536;

/**
 * Counts copies by what is known of an engine. vLLM computes a block twice now and then and keeps both; older releases tell of each copy's end, others may
 * tell of the last one's only; and since any request may ask to be told of what it finds in the cache, a store may be no copy at all. Such a report begins
 * at the beginning of a prompt, which a block that is there already seldom does otherwise. As long as an engine has not shown that it tells of each copy's
 * end, the first one counts: a block too few costs a little work, one that is gone misleads for as long as the engine lives.
 */
export class CopyCounter {
  #rule: CopyRule;
  /** Each copy's end is told: an event says so, or a block went twice without coming between. */
  #isPerCopy = false;
  /** Copies that may be left of blocks that are taken for gone. */
  readonly #doubted = new Map<EngineHash, number>();

  constructor(rule: CopyRule) {
    this.#rule = rule;
  }

  get rule(): CopyRule {
    return this.#rule;
  }

  get isPerCopy(): boolean {
    return this.#rule === 'counted' || (this.#rule === 'learned' && this.#isPerCopy);
  }

  /** More was counted than the engine can hold: its stores mean no copies. */
  refute(): void {
    this.#doubted.clear();
    this.#rule = 'single';
  }

  /** Each copy's end is told for itself. */
  shown(): void {
    if (this.#isPerCopy) return;
    this.#isPerCopy = true;
    // What is in doubt stays out: it comes back when it is stored.
    this.#doubted.clear();
  }

  clear(): void {
    this.#doubted.clear();
  }

  /** Whether a store of a block that is held is one more copy. @param isBeginning whether the run begins a prompt. */
  isCopy(origin: BlockOrigin, isBeginning: boolean): boolean {
    if (origin === 'reused' || this.#rule === 'single') return false;
    return this.#rule === 'counted' || origin === 'new' || !isBeginning;
  }

  /** Copies of a block that is stored and was not held. */
  ofStored(hash: EngineHash, isCopy: boolean): number {
    const doubted = this.#doubted.get(hash);
    if (doubted === undefined) return 1;
    this.#doubted.delete(hash);
    return isCopy ? doubted + 1 : doubted;
  }

  /** Copies that are left when one of several was told to have gone. */
  left(hash: EngineHash, copies: number): number {
    if (copies <= 1 || this.#rule === 'single') return 0;
    if (this.isPerCopy) return copies - 1;
    this.#doubted.set(hash, copies - 1);
    if (this.#doubted.size > DOUBTED_BLOCKS_MAX) {
      const [oldest] = this.#doubted.keys();
      if (oldest !== undefined) this.#doubted.delete(oldest);
    }
    return 0;
  }

  /** A block went that is not held. */
  wentAgain(hash: EngineHash): void {
    if (this.#doubted.has(hash)) this.shown();
  }
}
