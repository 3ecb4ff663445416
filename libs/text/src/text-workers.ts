import { isBulkyChat } from './bulky-chat.js';
import { TextError } from './errors.js';
import { LongTextLane } from './long-text-lane.js';
import { STRETCH_UNITS_MAX } from './slicing/encode-slices.js';
import { TextWorkerThread } from './text-worker-thread.js';
import type { WorkerAnswer, WorkerEncodeOptions } from './text-worker-thread.js';
import type { EncodeTask, Vocabulary } from './worker-messages.js';

/** Longest stretch without a border, in UTF-16 units, that is encoded at all: what the library needs for one is hundreds of bytes a unit. */
export const LONG_STRETCH_UNITS_MAX = 1_048_576;

export interface TextWorkersOptions {
  readonly tokenizerPath: string;
  readonly templateVariables: string | null;
  readonly workerCount: number;
  readonly queueRequestsMax: number;
  readonly cacheTokensMax: number;
}

/** Counted since start; cache figures restart with a worker. */
export interface TextStats {
  readonly pendingRequests: number;
  readonly rejectedRequests: number;
  /** Texts that could not be encoded in slices, and conversations too large to be rendered among others: they went to a thread of their own. */
  readonly unslicedTexts: number;
  readonly workerRestarts: number;
  readonly cacheHitTokens: number;
  readonly cacheMissTokens: number;
  readonly cacheEvictedTokens: number;
  /** Texts too long to be cached. */
  readonly cacheOversizedSegments: number;
  /** What the caches hold now. */
  readonly cachedTokens: number;
}

/** The worker threads of one tokenizer: those that share all texts, slice by slice, and one more for what cannot be sliced. */
export class TextWorkers {
  readonly #threads: readonly TextWorkerThread[];
  readonly #longTexts: LongTextLane;
  readonly #queueRequestsMax: number;
  #rejectedRequests = 0;
  #unslicedTexts = 0;

  constructor({ workerCount, queueRequestsMax, ...setup }: TextWorkersOptions) {
    this.#queueRequestsMax = queueRequestsMax;
    this.#threads = Array.from(
      { length: workerCount },
      () => new TextWorkerThread({ ...setup, stretchUnitsMax: STRETCH_UNITS_MAX }),
    );
    this.#longTexts = new LongTextLane(
      new TextWorkerThread({ ...setup, stretchUnitsMax: LONG_STRETCH_UNITS_MAX }),
    );
  }

  get pendingRequests(): number {
    return sum(this.#threads, (thread) => thread.pendingCount) + this.#longTexts.pendingCount;
  }

  /** Resolves when every thread has loaded its tokenizer; that for long texts waits for the first of them. */
  async start(): Promise<Vocabulary> {
    const [vocabulary] = await Promise.all(this.#threads.map((thread) => thread.start()));
    if (vocabulary === undefined) throw new TextError('TEXT_CLOSED', 'No text worker was started');
    return vocabulary;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#threads.map((thread) => thread.stop()), this.#longTexts.stop()]);
  }

  async encode(task: EncodeTask, options: WorkerEncodeOptions): Promise<Uint32Array> {
    if (this.pendingRequests >= this.#queueRequestsMax) {
      this.#rejectedRequests += 1;
      throw new TextError(
        'TEXT_QUEUE_FULL',
        `${this.#queueRequestsMax} requests already wait for a text worker`,
      );
    }
    let answer = await this.#encodeAmongOthers(task, options);
    if (answer.kind === 'unsliceable') {
      const { text, addSpecialTokens } = answer;
      answer = await this.#encodeApart({ kind: 'text', text, addSpecialTokens }, options);
    }
    switch (answer.kind) {
      case 'encoded':
        return answer.tokens;
      case 'over':
        throw new TextError('TEXT_OVER_LIMIT', `The text has more than ${options.tokensMax} tokens`);
      case 'unsliceable':
        throw new TextError(
          'TEXT_UNSLICEABLE',
          `The text has a word of more than ${LONG_STRETCH_UNITS_MAX} characters`,
        );
    }
  }

  /** A conversation that is too large for that goes its own way from the start. */
  async #encodeAmongOthers(task: EncodeTask, options: WorkerEncodeOptions): Promise<WorkerAnswer> {
    if (task.kind === 'chat' && isBulkyChat(task.body)) return await this.#encodeApart(task, options);
    return await leastBusy(this.#threads).encode(task, options);
  }

  async #encodeApart(task: EncodeTask, options: WorkerEncodeOptions): Promise<WorkerAnswer> {
    this.#unslicedTexts += 1;
    return await this.#longTexts.encode(task, options);
  }

  counts(): TextStats {
    const counts = this.#threads.map((thread) => thread.counts());
    return {
      pendingRequests: this.pendingRequests,
      rejectedRequests: this.#rejectedRequests,
      unslicedTexts: this.#unslicedTexts,
      workerRestarts: sum(counts, (count) => count.restarts),
      cacheHitTokens: sum(counts, (count) => count.hitTokens),
      cacheMissTokens: sum(counts, (count) => count.missTokens),
      cacheEvictedTokens: sum(counts, (count) => count.evictedTokens),
      cacheOversizedSegments: sum(counts, (count) => count.oversizedSegments),
      cachedTokens: sum(counts, (count) => count.cachedTokens),
    };
  }
}

function leastBusy(threads: readonly TextWorkerThread[]): TextWorkerThread {
  return threads.reduce((best, thread) => (thread.pendingCount < best.pendingCount ? thread : best));
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
