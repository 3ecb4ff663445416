/** Blocks that an engine must have filled without a word before it counts as silent. */
export const SILENT_BLOCKS_MIN = 16;
/** Looks at which blocks were told of by an engine that had nothing to do. */
export const FOREIGN_LOOKS_MIN = 3;

/** What an engine says that it has done, since its process began. */
export interface EngineWork {
  /** Tokens of prompts that were not found in a cache, and of answers. */
  readonly computedTokens: number;
  /** Requests that have ended. */
  readonly endedRequests: number;
}

/** What is known at one moment of an engine and of its events. */
export interface EventLook {
  /** Null when the engine does not say. */
  readonly work: EngineWork | null;
  /** Requests that run or wait. */
  readonly openRequests: number;
  /** Events that told of blocks, so far. */
  readonly storedEvents: number;
  /** Tokens of a block of the engine. */
  readonly blockSize: number;
  /** False while events of before are being read. */
  readonly isCaughtUp: boolean;
}

export interface EventAccountState {
  /** Blocks that were surely filled without a word by an engine that has never told of one. */
  readonly filledBlocks: number;
  /** Looks at which blocks were told of although the engine has done nothing since the look before the last. */
  readonly idleStores: number;
}

/**
 * What an engine computes beside what it tells. Each request leaves less than one block unfilled, so of `computedTokens` at least
 * `computedTokens − requests × blockSize` fill blocks, and the first of these are told of by an engine whose events arrive.
 */
export class EventAccount {
  /** When blocks were last told of. */
  #base: EngineWork | null = null;
  #storedEvents = 0;
  #idleLooks = 0;
  #work: EngineWork | null = null;
  #state: EventAccountState = { filledBlocks: 0, idleStores: 0 };

  get state(): EventAccountState {
    return this.#state;
  }

  look({ work, openRequests, storedEvents, blockSize, isCaughtUp }: EventLook): void {
    const hasTold = storedEvents !== this.#storedEvents;
    this.#storedEvents = storedEvents;
    if (work === null || !isCaughtUp) return;
    const isBehind = this.#base !== null && work.computedTokens < this.#base.computedTokens;
    if (hasTold || isBehind || this.#base === null) this.#base = work;
    const computed = work.computedTokens - this.#base.computedTokens;
    const requests = work.endedRequests - this.#base.endedRequests + openRequests;
    // Who has told of blocks may fill others that it holds already, and need not tell of them: the same questions again, with the same answers.
    const filledBlocks = storedEvents > 0 ? 0 : Math.max(0, Math.floor(computed / blockSize) - requests);
    const isIdle = openRequests === 0 && work.computedTokens === this.#work?.computedTokens;
    this.#idleLooks = isIdle ? this.#idleLooks + 1 : 0;
    this.#work = work;
    // What was computed just before may still be on its way at the first idle look.
    const isIdleStore = hasTold && this.#idleLooks > 1;
    this.#state = { filledBlocks, idleStores: this.#state.idleStores + (isIdleStore ? 1 : 0) };
  }
}
