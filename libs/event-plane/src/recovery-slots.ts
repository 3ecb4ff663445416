/** Lets a bounded number of recoveries run at once; the others wait in order. */
export class RecoverySlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(recoveriesMax: number) {
    this.#free = recoveriesMax;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Resolves when the caller may run; it owes `release`. */
  acquire(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
