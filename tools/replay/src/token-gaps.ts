/**
 * Times between tokens as a client sees them, one token per event. A read that brings several events at once counts as that many gaps of equal
 * length: nobody can tell when within it each was made.
 */
export class TokenGaps {
  readonly gapsMs: number[] = [];
  #events = 0;
  #lastMs = 0;

  /** @param events token events that have come in all. */
  saw(events: number, nowMs: number): void {
    const fresh = events - this.#events;
    if (fresh <= 0) return;
    if (this.#events > 0) {
      const gapMs = (nowMs - this.#lastMs) / fresh;
      for (let event = 0; event < fresh; event += 1) this.gapsMs.push(gapMs);
    }
    this.#events = events;
    this.#lastMs = nowMs;
  }
}
