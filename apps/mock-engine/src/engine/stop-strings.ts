/** Finds stop strings in a text that comes in pieces, and holds back what may be the beginning of one. */
export class StopStrings {
  readonly #stops: readonly string[];
  readonly #heldLength: number;
  #held = '';

  constructor(stops: readonly string[]) {
    this.#stops = stops;
    this.#heldLength = Math.max(0, ...stops.map((stop) => stop.length - 1));
  }

  /** @returns text that can be shown, and whether a stop string has come: it and what follows are left out. */
  push(text: string): { readonly text: string; readonly isStopped: boolean } {
    if (this.#stops.length === 0) return { text, isStopped: false };
    const all = this.#held + text;
    const found = this.#stops.map((stop) => all.indexOf(stop)).filter((index) => index >= 0);
    if (found.length > 0) {
      this.#held = '';
      return { text: all.slice(0, Math.min(...found)), isStopped: true };
    }
    const shown = Math.max(0, all.length - this.#heldLength);
    this.#held = all.slice(shown);
    return { text: all.slice(0, shown), isStopped: false };
  }

  /** What was held back, once nothing more comes. */
  flush(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }
}
