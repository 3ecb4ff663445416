/** One answer of an engine, as the frontend that asked for it saw it. */
export interface NotedAnswer {
  /** Of the worker that computed the prompt. */
  readonly workerId: string;
  readonly publishesKvEvents: boolean;
  /** Tokens of the prompt as they were counted here; null when they were not. */
  readonly ownTokens: number | null;
  /** The same as the engine counts; null when it does not say. */
  readonly engineTokens: number | null;
  /** Tokens that were expected in its cache, and those that it has found there; null when it does not say. */
  readonly predictedTokens: number;
  readonly cachedTokens: number | null;
  /** Of a prefill worker: whether it has handed over what it has computed; null when that was not asked for. */
  readonly handedOver: boolean | null;
}

/** Sums over the answers of one worker. */
export interface AnswerSums {
  readonly answers: number;
  /** Prompts that were counted on both sides, and those of them with another count. */
  readonly compared: number;
  readonly differing: number;
  /** The last that differed; null when none did. */
  readonly lastDifference: { readonly ownTokens: number; readonly engineTokens: number } | null;
  readonly predictedTokens: number;
  readonly cachedTokens: number;
  /** Answers that say how much was cached. */
  readonly reported: number;
  readonly prefills: number;
  readonly handedOver: number;
  readonly publishesKvEvents: boolean;
}

/** Answers after which the older half is forgotten. */
const HALF = 50;
/** Workers that are remembered; the one that answered least lately is forgotten for another. */
const WORKERS_MAX = 1_024;

interface Halves {
  older: AnswerSums;
  newer: AnswerSums;
}

/** The last 50 to 100 answers of each worker, as sums. */
export class AnswerWindow {
  readonly #workers = new Map<string, Halves>();

  note(answer: NotedAnswer): void {
    const known = this.#workers.get(answer.workerId);
    const halves = known ?? { older: NO_ANSWERS, newer: NO_ANSWERS };
    // Last in the order of the map is who answered last.
    if (known !== undefined) this.#workers.delete(answer.workerId);
    else if (this.#workers.size >= WORKERS_MAX) this.#forgetOne();
    this.#workers.set(answer.workerId, halves);
    if (halves.newer.answers >= HALF) {
      halves.older = halves.newer;
      halves.newer = NO_ANSWERS;
    }
    halves.newer = withAnswer(halves.newer, answer);
  }

  /** Workers that are there no more are forgotten. */
  retain(isThere: (workerId: string) => boolean): void {
    for (const workerId of this.#workers.keys()) if (!isThere(workerId)) this.#workers.delete(workerId);
  }

  *sums(): IterableIterator<readonly [workerId: string, sums: AnswerSums]> {
    for (const [workerId, { older, newer }] of this.#workers) yield [workerId, sumOf(older, newer)];
  }

  #forgetOne(): void {
    const [first] = this.#workers.keys();
    if (first !== undefined) this.#workers.delete(first);
  }
}

const NO_ANSWERS: AnswerSums = {
  answers: 0,
  compared: 0,
  differing: 0,
  lastDifference: null,
  predictedTokens: 0,
  cachedTokens: 0,
  reported: 0,
  prefills: 0,
  handedOver: 0,
  publishesKvEvents: false,
};

function withAnswer(sums: AnswerSums, answer: NotedAnswer): AnswerSums {
  const { ownTokens, engineTokens, cachedTokens, handedOver } = answer;
  const isCompared = ownTokens !== null && engineTokens !== null;
  const differs = isCompared && ownTokens !== engineTokens;
  return {
    answers: sums.answers + 1,
    compared: sums.compared + (isCompared ? 1 : 0),
    differing: sums.differing + (differs ? 1 : 0),
    lastDifference: differs ? { ownTokens, engineTokens } : sums.lastDifference,
    predictedTokens: sums.predictedTokens + answer.predictedTokens,
    cachedTokens: sums.cachedTokens + (cachedTokens ?? 0),
    reported: sums.reported + (cachedTokens === null ? 0 : 1),
    prefills: sums.prefills + (handedOver === null ? 0 : 1),
    handedOver: sums.handedOver + (handedOver === true ? 1 : 0),
    publishesKvEvents: answer.publishesKvEvents,
  };
}

function sumOf(older: AnswerSums, newer: AnswerSums): AnswerSums {
  return {
    answers: older.answers + newer.answers,
    compared: older.compared + newer.compared,
    differing: older.differing + newer.differing,
    lastDifference: newer.lastDifference ?? older.lastDifference,
    predictedTokens: older.predictedTokens + newer.predictedTokens,
    cachedTokens: older.cachedTokens + newer.cachedTokens,
    reported: older.reported + newer.reported,
    prefills: older.prefills + newer.prefills,
    handedOver: older.handedOver + newer.handedOver,
    publishesKvEvents: newer.publishesKvEvents,
  };
}
