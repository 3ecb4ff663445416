import type { RequestId } from '@kvasir/units';
import type { EngineEvents } from './engine-events.js';
import type { ServingParts } from './parts.js';

/** Tells the router how far a booked request has come: its prompt at the first token, its output block by block. */
export class BookingProgress {
  readonly #parts: ServingParts;
  readonly #requestId: RequestId;
  readonly #blockSize: number;
  #isPrefillMarked = false;
  #toldTokens = 0;

  constructor(parts: ServingParts, requestId: RequestId, blockSize: number) {
    this.#parts = parts;
    this.#requestId = requestId;
    this.#blockSize = blockSize;
  }

  /** To be called after each event. */
  advance(events: EngineEvents): void {
    if (!this.#isPrefillMarked && events.hasFirstToken) {
      this.#isPrefillMarked = true;
      this.#parts.router.markPrefillComplete(this.#requestId);
    }
    // A block is the unit of load: telling every token would cost a step each and change nothing.
    const tokenCount = events.tokenEvents - this.#toldTokens;
    if (tokenCount < this.#blockSize) return;
    this.#toldTokens = events.tokenEvents;
    this.#parts.router.addOutputTokens(this.#requestId, tokenCount);
  }
}
