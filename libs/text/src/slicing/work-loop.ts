import type { Steps } from './encode-slices.js';
import { WorkQueue } from './work-queue.js';

/** Units of work after which other events have their turn. */
const TURN_UNITS = 4_096;

export interface WorkLoopParts<Result> {
  /** Runs a callback soon, after what else waits to be heard. */
  readonly schedule: (callback: () => void) => void;
  /** Told once per work that was neither given up nor failed. */
  readonly onDone: (id: number, result: Result) => void;
  readonly onFailed: (id: number, error: unknown) => void;
}

/** Runs many pieces of work a step at a time, in the order of a `WorkQueue`, with pauses between in which more may come or some be given up. */
export class WorkLoop<Result> {
  readonly #parts: WorkLoopParts<Result>;
  readonly #queue = new WorkQueue();
  readonly #steps = new Map<number, Steps<Result>>();
  #isScheduled = false;

  constructor(parts: WorkLoopParts<Result>) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#queue.size;
  }

  /** @param units of all its work, as far as known. */
  add(id: number, units: number, steps: Steps<Result>): void {
    this.#steps.set(id, steps);
    this.#queue.add(id, units);
    this.#schedule();
  }

  /** Nobody wants the result any more: what it held is let go at once. */
  giveUp(id: number): void {
    this.#steps.delete(id);
    this.#queue.remove(id);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#queue.size === 0) return;
    this.#isScheduled = true;
    this.#parts.schedule(() => {
      this.#isScheduled = false;
      this.#runTurn();
      this.#schedule();
    });
  }

  #runTurn(): void {
    for (let units = 0; units < TURN_UNITS;) {
      const id = this.#queue.next();
      if (id === null) return;
      units += this.#step(id);
    }
  }

  /** @returns the units worked on, at least 1: texts of nothing must not keep others from their turn. */
  #step(id: number): number {
    try {
      const step = this.#steps.get(id)?.next();
      if (step === undefined) return 1;
      if (step.done === true) {
        this.giveUp(id);
        this.#parts.onDone(id, step.value);
        return 1;
      }
      this.#queue.count(step.value);
      return Math.max(1, step.value);
    } catch (error) {
      this.giveUp(id);
      this.#parts.onFailed(id, error);
      return 1;
    }
  }
}
