import type { CancelTimer, Clock } from '@kvasir/service';
import type { ClientAnswer } from './client-answer.js';

/** Sends a comment whenever a stream was silent for a period, so that whoever is on the way does not cut it. One timer, set anew only when it fires. */
export class SseKeepalive {
  readonly #answer: ClientAnswer;
  readonly #periodMs: number;
  readonly #clock: Clock;
  #lastMs: number;
  #cancelTimer: CancelTimer;

  constructor(
    answer: ClientAnswer,
    { periodMs, clock }: { readonly periodMs: number; readonly clock: Clock },
  ) {
    this.#answer = answer;
    this.#periodMs = periodMs;
    this.#clock = clock;
    this.#lastMs = clock.nowMs();
    answer.onWrite(() => {
      this.#lastMs = clock.nowMs();
    });
    this.#cancelTimer = this.#wait(periodMs);
  }

  stop(): void {
    this.#cancelTimer();
  }

  #wait(delayMs: number): CancelTimer {
    return this.#clock.after(delayMs, () => this.#check());
  }

  #check(): void {
    const nowMs = this.#clock.nowMs();
    const leftMs = this.#lastMs + this.#periodMs - nowMs;
    if (leftMs <= 0) {
      this.#lastMs = nowMs;
      this.#answer.comment();
    }
    this.#cancelTimer = this.#wait(leftMs > 0 ? leftMs : this.#periodMs);
  }
}
