import type { ApiRequest, RequestReader, RequestReading } from '@kvasir/openai';

/** Bytes that are read in one turn of the event loop: about a millisecond of it. */
export const READ_SLICE_BYTES = 131_072;

interface Waiting {
  readonly reader: RequestReader;
  readonly isGone: () => boolean;
  readonly resolve: (reading: RequestReading<ApiRequest> | null) => void;
}

/**
 * Reads requests so that a large body does not hold the others up: what fits into one slice is read at once; of larger bodies one slice is read in each
 * turn of the event loop, of the one that has least left.
 */
export class ReadingQueue {
  readonly #nextTurn: (callback: () => void) => void;
  readonly #waiting = new Set<Waiting>();
  #isScheduled = false;

  /** @param nextTurn calls back after what else is due on the event loop. */
  constructor(nextTurn: (callback: () => void) => void = setImmediate) {
    this.#nextTurn = nextTurn;
  }

  /** Requests that are not read to their end. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** @param isGone asked before each slice. @returns null when nobody waits any more. */
  read(
    reader: RequestReader,
    isGone: () => boolean,
  ): RequestReading<ApiRequest> | Promise<RequestReading<ApiRequest> | null> {
    const reading = reader.bytesLeft <= READ_SLICE_BYTES ? reader.step(Infinity) : null;
    if (reading !== null) return reading;
    return new Promise((resolve) => {
      this.#waiting.add({ reader, isGone, resolve });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.size === 0) return;
    this.#isScheduled = true;
    this.#nextTurn(() => {
      this.#isScheduled = false;
      this.#readSlice();
      this.#schedule();
    });
  }

  #readSlice(): void {
    const next = this.#shortest();
    if (next === null) return;
    const reading = next.isGone() ? null : next.reader.step(READ_SLICE_BYTES);
    if (reading === null && !next.isGone()) return;
    this.#waiting.delete(next);
    next.resolve(reading);
  }

  #shortest(): Waiting | null {
    let shortest: Waiting | null = null;
    for (const waiting of this.#waiting) {
      if (shortest === null || waiting.reader.bytesLeft < shortest.reader.bytesLeft) shortest = waiting;
    }
    return shortest;
  }
}
