/** Cancels a pending timer; harmless when it has fired. */
type CancelTimer = () => void;

interface VirtualTimer {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
  readonly periodMs: number | null;
}

/** Callbacks that one `advance` may run before it is taken for an endless loop of zero delays. */
const CALLBACKS_PER_ADVANCE_MAX = 1_000_000;

/**
 * A clock that moves only when a test says so. Timers fire inside `advance`, in order of their due time and, when equal,
 * in the order in which they were set; while one fires, `nowMs()` is its due time.
 *
 * Has the shape of `Clock` of the service library, which it does not import because that library's own tests use it.
 */
export class VirtualClock {
  #nowMs: number;
  #nextOrder = 0;
  readonly #timers = new Map<number, VirtualTimer>();

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    return this.#schedule(this.#nextOrder++, Math.max(0, delayMs), null, callback);
  }

  every(periodMs: number, callback: () => void): CancelTimer {
    if (!(periodMs > 0)) {
      throw new RangeError(`Cannot repeat a timer: periodMs must be positive, received ${periodMs}`);
    }
    return this.#schedule(this.#nextOrder++, periodMs, periodMs, callback);
  }

  /** Timers that have neither fired for the last time nor been cancelled: 0 when nothing leaks. */
  get pendingTimerCount(): number {
    return this.#timers.size;
  }

  /**
   * Moves time by `durationMs` and fires what falls due, timers set on the way included.
   * A callback that throws ends the call with the time at that callback's moment.
   */
  advance(durationMs: number): void {
    if (!(durationMs >= 0)) {
      throw new RangeError(
        `Cannot advance the clock: durationMs must not be negative, received ${durationMs}`,
      );
    }
    const untilMs = this.#nowMs + durationMs;
    let callbackCount = 0;
    for (let due = this.#firstDue(untilMs); due !== null; due = this.#firstDue(untilMs)) {
      callbackCount += 1;
      if (callbackCount > CALLBACKS_PER_ADVANCE_MAX) {
        throw new RangeError(
          `Cannot advance the clock: more than ${CALLBACKS_PER_ADVANCE_MAX} callbacks in one call, received ${durationMs} ms`,
        );
      }
      this.#fire(due.id, due.timer);
    }
    this.#nowMs = untilMs;
  }

  /**
   * The same, but pending promise reactions run before each timer and at the end, so that code which awaits between
   * timers moves on. `settle` waits for them; by default one turn of the event loop.
   */
  async advanceAsync(durationMs: number, settle: () => Promise<void> = oneTurn): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    await settle();
    for (let due = this.#firstDue(untilMs); due !== null; due = this.#firstDue(untilMs)) {
      this.#fire(due.id, due.timer);
      await settle();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #schedule(id: number, delayMs: number, periodMs: number | null, callback: () => void): CancelTimer {
    this.#timers.set(id, { dueMs: this.#nowMs + delayMs, order: this.#nextOrder++, callback, periodMs });
    return () => {
      this.#timers.delete(id);
    };
  }

  #firstDue(untilMs: number): { readonly id: number; readonly timer: VirtualTimer } | null {
    let first: { readonly id: number; readonly timer: VirtualTimer } | null = null;
    for (const [id, timer] of this.#timers) {
      if (timer.dueMs > untilMs) continue;
      if (
        first === null ||
        timer.dueMs < first.timer.dueMs ||
        (timer.dueMs === first.timer.dueMs && timer.order < first.timer.order)
      ) {
        first = { id, timer };
      }
    }
    return first;
  }

  #fire(id: number, timer: VirtualTimer): void {
    this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
    if (timer.periodMs === null) this.#timers.delete(id);
    else this.#schedule(id, timer.periodMs, timer.periodMs, timer.callback);
    timer.callback();
  }
}

async function oneTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
