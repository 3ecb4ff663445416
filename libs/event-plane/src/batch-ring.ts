/** The newest batches of one rank as they were published. Memory: at most `batchesMax` payloads. */
export class BatchRing {
  readonly #payloads: Uint8Array[] = [];
  readonly #batchesMax: number;
  readonly #before: number;
  #newestNumber: number;

  /** @param before the number that the first batch follows. */
  constructor(batchesMax: number, before = 0) {
    this.#batchesMax = batchesMax;
    this.#before = before;
    this.#newestNumber = before;
  }

  /** The one before the first as long as there is none. */
  get newestNumber(): number {
    return this.#newestNumber;
  }

  /** Keeps the batch that follows the newest one. */
  push(payload: Uint8Array): void {
    this.#newestNumber += 1;
    this.#payloads[this.#newestNumber % this.#batchesMax] = payload;
  }

  /** Batches from a number to the newest, in order; null when one of them is no longer kept, or the number is of the future. */
  from(batchNumber: number): readonly Uint8Array[] | null {
    const oldest = Math.max(this.#before + 1, this.#newestNumber - this.#batchesMax + 1);
    if (batchNumber < oldest || batchNumber > this.#newestNumber + 1) return null;
    const payloads: Uint8Array[] = [];
    for (let number = batchNumber; number <= this.#newestNumber; number += 1) {
      const payload = this.#payloads[number % this.#batchesMax];
      if (payload === undefined) return null;
      payloads.push(payload);
    }
    return payloads;
  }
}
