import type { Clock } from './clock.js';

/** Whoever has asked within this time is taken to be still looking. Balancers ask every few seconds. */
const SIGHT_MS = 60_000;

/** Whether anybody asks if a program is ready. A program at which nobody looks need not wait until its going was seen. */
export class ProbeSightings {
  readonly #clock: Clock;
  #lastMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  saw(): void {
    this.#lastMs = this.#clock.nowMs();
  }

  get isWatched(): boolean {
    return this.#clock.nowMs() - this.#lastMs <= SIGHT_MS;
  }
}
