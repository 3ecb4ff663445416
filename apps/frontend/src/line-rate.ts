/** So many lines in each second; counts the others. */
export class LineRate {
  readonly #linesMax: number;
  #windowStartMs = 0;
  #linesInWindow = 0;
  #skippedLines = 0;

  constructor(linesMax: number) {
    this.#linesMax = linesMax;
  }

  /** @returns how many were skipped since the last one that was written; null when this one is to be skipped too. */
  take(nowMs: number): number | null {
    if (nowMs - this.#windowStartMs >= 1000) {
      this.#windowStartMs = nowMs;
      this.#linesInWindow = 0;
    }
    this.#linesInWindow += 1;
    if (this.#linesInWindow > this.#linesMax) {
      this.#skippedLines += 1;
      return null;
    }
    const skipped = this.#skippedLines;
    this.#skippedLines = 0;
    return skipped;
  }
}
