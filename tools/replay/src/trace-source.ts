import type { Prng } from '@kvasir/units';

/** Shares from 0 to 1, rising, each with the figure that this share of all does not exceed; straight lines between them. */
export type Quantiles = readonly (readonly [share: number, figure: number])[];

/** What the requests of one trace have in common: time, fresh ids, earlier conversations. */
export class TraceSource {
  readonly prng: Prng;
  #nowMs = 0;
  #hasBegun = false;
  #leftInBatch = 0;
  #nextId = 0;
  readonly #shared = new Map<string, readonly number[]>();
  readonly #conversations: (readonly number[])[] = [];

  constructor(prng: Prng) {
    this.prng = prng;
  }

  /** Batches of Poisson size at fixed times: how arrivals of recorded traces are bucketed. */
  batchArrivalMs(ratePerS: number, periodMs: number): number {
    while (this.#leftInBatch === 0) {
      if (this.#hasBegun) this.#nowMs += periodMs;
      this.#leftInBatch = this.#poisson((ratePerS * periodMs) / 1000);
    }
    this.#hasBegun = true;
    this.#leftInBatch -= 1;
    return this.#nowMs;
  }

  poissonArrivalMs(ratePerS: number): number {
    const arrivalMs = this.#nowMs;
    this.#nowMs += (-Math.log(1 - this.prng()) / ratePerS) * 1000;
    return arrivalMs;
  }

  /** The same ids each time for the same name. */
  sharedBlocks(name: string, count: number): readonly number[] {
    const known = this.#shared.get(name);
    if (known !== undefined) return known;
    const blocks = this.freshBlocks(count);
    this.#shared.set(name, blocks);
    return blocks;
  }

  freshBlocks(count: number): readonly number[] {
    return Array.from({ length: count }, () => this.#nextId++);
  }

  /** One of the last conversations at random; null while there are fewer. */
  earlier(within: number): readonly number[] | null {
    const back = 1 + Math.floor(this.prng() * within);
    return this.#conversations.at(-back) ?? null;
  }

  remember(blocks: readonly number[]): void {
    this.#conversations.push(blocks);
  }

  logNormal(median: number, sigma: number): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.prng())) * Math.cos(2 * Math.PI * this.prng());
    return median * Math.exp(sigma * normal);
  }

  /** A figure with these quantiles. */
  fromQuantiles(quantiles: Quantiles): number {
    const share = this.prng();
    const above = quantiles.findIndex(([point]) => point > share);
    const [fromShare, from] = quantiles[above - 1] ?? [0, 0];
    const [toShare, to] = quantiles[above] ?? [1, from];
    return from + ((to - from) * (share - fromShare)) / (toShare - fromShare);
  }

  /** A whole number from `min` to `max`. */
  between(min: number, max: number): number {
    return min + Math.floor(this.prng() * (max - min + 1));
  }

  /** Knuth's product method; fine for the small means here. */
  #poisson(mean: number): number {
    const floor = Math.exp(-mean);
    let count = 0;
    for (let product = this.prng(); product > floor; product *= this.prng()) count += 1;
    return count;
  }
}
