/**
 * One kind of load per target: what is booked here, what peers say, and their sum. The sum is made anew from both whenever one changes, so that whatever
 * peers once said leaves nothing behind: a difference of two large numbers would.
 */
export class LoadColumn {
  #own = new Float64Array(16);
  #peers = new Float64Array(16);
  #sum = new Float64Array(16);

  /** Of both, per target. */
  get sum(): Float64Array {
    return this.#sum;
  }

  /** Of what is booked here. */
  own(target: number): number {
    return this.#own[target] ?? 0;
  }

  get length(): number {
    return this.#sum.length;
  }

  widen(columnCount: number): void {
    this.#own = widened(this.#own, columnCount);
    this.#peers = widened(this.#peers, columnCount);
    this.#sum = widened(this.#sum, columnCount);
  }

  /** Books, or takes off what was booked. */
  add(target: number, amount: number): void {
    this.#own[target] = (this.#own[target] ?? 0) + amount;
    this.#sum[target] = (this.#own[target] ?? 0) + (this.#peers[target] ?? 0);
  }

  /** What peers have on a target in all. */
  setPeers(target: number, amount: number): void {
    this.#peers[target] = amount;
    this.#sum[target] = (this.#own[target] ?? 0) + amount;
  }
}

function widened(column: Float64Array<ArrayBuffer>, size: number): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(size);
  wider.set(column);
  return wider;
}
