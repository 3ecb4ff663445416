import type { WorkerId } from '@kvasir/units';
import type { OutcomeCode, WorkerOutcome } from './outcomes.js';

/** Workers that a request may have failed by itself (broken connections, 5xx, silence) before no further one is troubled with it. */
export const SUSPECT_WORKERS_MAX = 2;

/** What must be known of a failed attempt to decide about another one. */
export interface FailedAttempt {
  readonly workerId: WorkerId;
  readonly code: OutcomeCode;
  readonly outcome: WorkerOutcome;
  readonly retryable: boolean;
  /** The request may be what the worker failed of. */
  readonly suspectsRequest: boolean;
  readonly retryAfterMs: number | null;
  /** The client has bytes of the answer: nothing can be taken back. */
  readonly hasBegun: boolean;
}

/**
 * Whether a request is tried again, and on whom not: the attempts of one request over all its legs. A client's fault and an answer that has begun end
 * it; a request that has broken two workers is not tried on a third, in whichever leg.
 */
export class Attempts {
  readonly #perLegMax: number;
  #excluded: WorkerId[] = [];
  #leg = 0;
  #total = 0;
  /** Workers of this leg that answered 5xx. */
  #errors = 0;
  /** Workers of any leg that broke off, or fell silent. */
  #breaks = 0;
  #retryAfterMs: number | null = null;
  #isOver = false;

  /** @param perLegMax attempts of one leg. */
  constructor(perLegMax: number) {
    this.#perLegMax = perLegMax;
  }

  /** Workers that have failed this leg, to be left out. */
  get excluded(): readonly WorkerId[] {
    return this.#excluded;
  }

  /** Attempts of this leg that have failed. */
  get failedCount(): number {
    return this.#leg;
  }

  /** Attempts of all legs so far; a number for each. */
  get totalCount(): number {
    return this.#total;
  }

  /** True when the request has broken a connection: it is sent over one of its own from then on, and never twice. */
  get isSuspect(): boolean {
    return this.#breaks > 0;
  }

  /** False when it has done enough harm: no worker is to be troubled with it any more. */
  get mayGoOn(): boolean {
    return !this.#isOver && this.#breaks < SUSPECT_WORKERS_MAX;
  }

  /** The longest that an engine of this request asked to wait, in ms. */
  get retryAfterMs(): number | null {
    return this.#retryAfterMs;
  }

  /** Another leg begins; what the request has broken is not forgotten. */
  beginLeg(): void {
    this.#excluded = [];
    this.#leg = 0;
    this.#errors = 0;
  }

  /** @returns whether another worker is to be tried. */
  failed(attempt: FailedAttempt): boolean {
    const { workerId, code, retryAfterMs } = attempt;
    this.#leg += 1;
    this.#total += 1;
    this.#excluded.push(workerId);
    if (attempt.suspectsRequest && code === 'ENGINE_ERROR_STATUS') this.#errors += 1;
    else if (attempt.suspectsRequest) this.#breaks += 1;
    if (retryAfterMs !== null) this.#retryAfterMs = Math.max(this.#retryAfterMs ?? 0, retryAfterMs);
    if (attempt.hasBegun || !attempt.retryable) this.#isOver = true;
    return this.mayGoOn && this.#leg < this.#perLegMax && this.#errors + this.#breaks < SUSPECT_WORKERS_MAX;
  }
}
