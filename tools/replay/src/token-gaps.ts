/**
 * Times between tokens as a client sees them. A read that brings several tokens at once counts as that many gaps of equal length: nobody can tell
 * when within it each was made.
 */
export class TokenGaps {
  readonly gapsMs: number[] = [];
  #tokens = 0;
  #lastMs = 0;

  /** @param tokens tokens that have come in all. */
  saw(tokens: number, nowMs: number): void {
    const fresh = tokens - this.#tokens;
    if (fresh <= 0) return;
    if (this.#tokens > 0) {
      const gapMs = (nowMs - this.#lastMs) / fresh;
      for (let token = 0; token < fresh; token += 1) this.gapsMs.push(gapMs);
    }
    this.#tokens = tokens;
    this.#lastMs = nowMs;
  }
}
