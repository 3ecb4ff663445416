import type { Sequence } from './sequence.js';

/** Who runs and who waits. Each sequence is in at most one queue, told by its `state`. */
export class RunQueues {
  /** Oldest first. */
  readonly running: Sequence[] = [];
  /** Next first. */
  readonly waiting: Sequence[] = [];
  /** Blocks have come from another engine; before `waiting`, because those who hold blocks must be able to finish. */
  readonly #arrived: Sequence[] = [];
  /** On their way, with the end of the transfer. */
  #arrivals: { readonly sequence: Sequence; readonly endMs: number }[] = [];
  #arrivalDueMs = Infinity;
  #fetchingCount = 0;

  /** End of the transfer that ends first; Infinity without any. */
  get arrivalDueMs(): number {
    return this.#arrivalDueMs;
  }

  /** As vLLM counts: those whose blocks are on their way wait. */
  get waitingCount(): number {
    return this.waiting.length + this.#arrived.length + this.#fetchingCount;
  }

  /** Who is to be taken up next; stays where it is. */
  next(): Sequence | null {
    return this.#arrived[0] ?? this.waiting[0] ?? null;
  }

  /** Moves `next` to the running ones. */
  run(sequence: Sequence): void {
    this.#takeNext(sequence);
    sequence.state = 'running';
    this.running.push(sequence);
  }

  /** Moves `next` to those that get blocks from another engine. */
  fetch(sequence: Sequence): void {
    this.#takeNext(sequence);
    sequence.state = 'fetching';
    this.#fetchingCount += 1;
  }

  expectArrival(sequence: Sequence, endMs: number): void {
    this.#arrivals.push({ sequence, endMs });
    this.#arrivalDueMs = Math.min(this.#arrivalDueMs, endMs);
  }

  /** Those whose transfer has ended by `nowMs`; the caller calls `arrive` for each. */
  takeArrivals(nowMs: number): readonly Sequence[] {
    if (this.#arrivalDueMs > nowMs) return [];
    const ended = this.#arrivals.filter(({ endMs }) => endMs <= nowMs);
    this.#arrivals = this.#arrivals.filter(({ endMs }) => endMs > nowMs);
    this.#findArrivalDue();
    return ended.map(({ sequence }) => sequence);
  }

  /** A transfer has ended, well or not: it waits to run. */
  arrive(sequence: Sequence): void {
    this.#fetchingCount -= 1;
    sequence.state = 'arrived';
    this.#arrived.push(sequence);
  }

  /** Moves the newest running one before all that wait. @throws RangeError when none runs. */
  preemptNewest(): Sequence {
    const newest = this.running.pop();
    if (newest === undefined) throw new RangeError('Cannot preempt: nobody runs');
    newest.state = 'waiting';
    this.waiting.unshift(newest);
    return newest;
  }

  /** Takes out those of `running` that have ended. */
  dropEnded(): void {
    let kept = 0;
    for (const sequence of this.running) {
      if (sequence.state !== 'running') continue;
      this.running[kept] = sequence;
      kept += 1;
    }
    this.running.length = kept;
  }

  /** Takes a sequence out of wherever it is. */
  remove(sequence: Sequence): void {
    switch (sequence.state) {
      case 'running':
        removeFrom(this.running, sequence);
        break;
      case 'waiting':
        removeFrom(this.waiting, sequence);
        break;
      case 'arrived':
        removeFrom(this.#arrived, sequence);
        break;
      case 'fetching':
        this.#fetchingCount -= 1;
        this.#arrivals = this.#arrivals.filter((arrival) => arrival.sequence !== sequence);
        this.#findArrivalDue();
        break;
      case 'ended':
        break;
    }
    sequence.state = 'ended';
  }

  #takeNext(sequence: Sequence): void {
    const queue = sequence.state === 'arrived' ? this.#arrived : this.waiting;
    queue.shift();
  }

  #findArrivalDue(): void {
    this.#arrivalDueMs = Infinity;
    for (const { endMs } of this.#arrivals) this.#arrivalDueMs = Math.min(this.#arrivalDueMs, endMs);
  }
}

function removeFrom(queue: Sequence[], sequence: Sequence): void {
  const index = queue.indexOf(sequence);
  if (index !== -1) queue.splice(index, 1);
}
