/** A clock of the engine's own that runs at some multiple of real time and can be slowed down or stopped. */
export class VirtualTime {
  #rate: number;
  #realMs: number;
  #virtualMs: number;

  /** @param rate virtual ms per real ms; 0 stands still. Virtual time begins at 0. */
  constructor(rate: number, realNowMs: number) {
    this.#rate = rate;
    this.#realMs = realNowMs;
    this.#virtualMs = 0;
  }

  /** Virtual time at a real time. */
  at(realMs: number): number {
    return this.#virtualMs + (realMs - this.#realMs) * this.#rate;
  }

  /** Real ms from a real time until a virtual one; 0 when it has passed, Infinity while time stands. */
  realMsUntil(virtualMs: number, realMs: number): number {
    const leftMs = virtualMs - this.at(realMs);
    return leftMs <= 0 ? 0 : leftMs / this.#rate;
  }

  /** Goes on at another rate from now; nothing jumps. */
  setRate(rate: number, realMs: number): void {
    this.#virtualMs = this.at(realMs);
    this.#realMs = realMs;
    this.#rate = rate;
  }
}
