import type { RequestId, WorkerId } from '@kvasir/units';
import type { Leg, LegEnd } from '@kvasir/worker-health';

export interface LegStart {
  readonly workerId: WorkerId;
  /** Of the client's request: the same on each worker that it is tried on. */
  readonly requestId: RequestId;
  /** How long it may well take before its first byte, in ms. */
  readonly patienceMs: number;
}

export interface LegWatchParts {
  readonly nowMs: number;
  readonly heard: (leg: Leg) => void;
  readonly ended: (leg: Leg, end: LegEnd) => void;
}

/** One request on one worker, as its pool's health sees it. Owned by whoever sends it, who tells what comes back, and once how it ended. */
export class LegWatch {
  readonly leg: Leg;
  readonly #parts: LegWatchParts;
  #onCut: (() => void) | null = null;
  #isCut = false;
  #hasEnded = false;

  constructor({ workerId, requestId, patienceMs }: LegStart, parts: LegWatchParts) {
    this.leg = { workerId, requestId, patienceMs, sentMs: parts.nowMs, hasAnswered: false };
    this.#parts = parts;
  }

  /** The worker was given up while nothing of this answer had come: the request is to be taken elsewhere. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** A signal for the exchange: aborted when the request ends early, and when it is to be taken elsewhere. */
  signal(ofRequest: AbortSignal): AbortSignal {
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    if (ofRequest.aborted) abort();
    else ofRequest.addEventListener('abort', abort, { once: true });
    this.#onCut = () => {
      ofRequest.removeEventListener('abort', abort);
      if (this.#isCut) abort();
    };
    return controller.signal;
  }

  /** Bytes of the answer have come. */
  heard(): void {
    if (!this.#hasEnded) this.#parts.heard(this.leg);
  }

  /** Only the first call counts. */
  ended(end: LegEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#onCut?.();
    this.#parts.ended(this.leg, end);
  }

  /** Takes the request away from the worker, unless something of its answer has come. */
  cut(): void {
    if (this.#hasEnded || this.#isCut || this.leg.hasAnswered) return;
    this.#isCut = true;
    this.#onCut?.();
  }
}
