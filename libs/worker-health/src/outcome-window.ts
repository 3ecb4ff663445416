import type { RequestId } from '@kvasir/units';
import { WINDOW_REQUESTS_MAX } from './health-options.js';

interface Half {
  readonly failed: Set<RequestId>;
  succeeded: number;
}

/** How a worker's requests have ended lately, in two halves of a window, so that forgetting costs nothing. */
export class OutcomeWindow {
  readonly #halfMs: number;
  #startMs = -Infinity;
  #now = emptyHalf();
  #before = emptyHalf();

  constructor(windowMs: number) {
    this.#halfMs = windowMs / 2;
  }

  succeeded(nowMs: number): void {
    this.#turn(nowMs);
    this.#now.succeeded += 1;
  }

  failed(requestId: RequestId, nowMs: number): void {
    this.#turn(nowMs);
    const { failed } = this.#now;
    if (!this.#before.failed.has(requestId) && failed.size < WINDOW_REQUESTS_MAX) failed.add(requestId);
  }

  counts(nowMs: number): { readonly failedRequests: number; readonly succeeded: number } {
    this.#turn(nowMs);
    return {
      failedRequests: this.#now.failed.size + this.#before.failed.size,
      succeeded: this.#now.succeeded + this.#before.succeeded,
    };
  }

  clear(): void {
    this.#now = emptyHalf();
    this.#before = emptyHalf();
  }

  #turn(nowMs: number): void {
    const halves = Math.floor((nowMs - this.#startMs) / this.#halfMs);
    if (halves < 1) return;
    this.#before = halves === 1 ? this.#now : emptyHalf();
    this.#now = emptyHalf();
    this.#startMs = halves === 1 ? this.#startMs + this.#halfMs : nowMs;
  }
}

function emptyHalf(): Half {
  return { failed: new Set(), succeeded: 0 };
}
