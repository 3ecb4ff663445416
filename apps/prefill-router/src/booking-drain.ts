import type { Clock } from '@kvasir/service';

/** Waits until nothing is booked any more. */
export class BookingDrain {
  readonly #count: () => number;
  readonly #clock: Clock;
  #finish: (() => void) | null = null;

  constructor(count: () => number, clock: Clock) {
    this.#count = count;
    this.#clock = clock;
  }

  /** To be called when a booking has ended. */
  changed(): void {
    if (this.#count() === 0) this.#finish?.();
  }

  /** @returns how many bookings are left: 0, or more when `deadlineMs` has passed. To be called once. */
  finished(deadlineMs: number): Promise<number> {
    if (this.#count() === 0) return Promise.resolve(0);
    return new Promise((resolve) => {
      const cancelTimer = this.#clock.after(deadlineMs, () => this.#finish?.());
      this.#finish = () => {
        this.#finish = null;
        cancelTimer();
        resolve(this.#count());
      };
    });
  }
}
