/** Bytes that are read in one turn of the event loop: about a millisecond of it. */
export const READ_SLICE_BYTES = 131_072;

/** Work that is done in slices. */
export interface SlicedReading<Result> {
  /** Bytes that are still to be read. */
  readonly bytesLeft: number;
  /** Reads about `bytesMax` bytes more. @returns null when there are more. */
  step(bytesMax: number): Result | null;
}

interface Waiting {
  readonly bytesLeft: () => number;
  /** Reads a slice. @returns whether it has come to its end. */
  readonly advance: () => boolean;
}

/**
 * Joins and reads bodies so that a large one does not hold the others up: what fits into one slice is read at once; of larger bodies one slice is read in each
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

  /** Bodies that are not read to their end. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** @param isGone asked before each slice. @returns null when nobody waits any more. */
  read<Result>(reader: SlicedReading<Result>, isGone: () => boolean): Result | Promise<Result | null> {
    const reading = reader.bytesLeft <= READ_SLICE_BYTES ? reader.step(Infinity) : null;
    if (reading !== null) return reading;
    return new Promise((resolve) => {
      const advance = (): boolean => {
        const result = isGone() ? null : reader.step(READ_SLICE_BYTES);
        if (result === null && !isGone()) return false;
        resolve(result);
        return true;
      };
      this.#waiting.add({ bytesLeft: () => reader.bytesLeft, advance });
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
    if (next?.advance() === true) this.#waiting.delete(next);
  }

  #shortest(): Waiting | null {
    let shortest: Waiting | null = null;
    let least = Infinity;
    for (const waiting of this.#waiting) {
      const bytesLeft = waiting.bytesLeft();
      if (shortest !== null && bytesLeft >= least) continue;
      shortest = waiting;
      least = bytesLeft;
    }
    return shortest;
  }
}
