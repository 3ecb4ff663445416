import type { DistributedStack, Visitor } from '@kvasir/stack';

/** Visitors that are there at a time. */
const PRESENT_MAX = 2;

/** Workers that come under names that were never used, and go: half of them are killed, half are asked to stop. */
export class Visitors {
  readonly #stack: DistributedStack;
  readonly #present: Visitor[] = [];
  #count = 0;

  constructor(stack: DistributedStack) {
    this.#stack = stack;
  }

  get count(): number {
    return this.#count;
  }

  /** One more comes; the one that has been there for longest goes. */
  async next(): Promise<void> {
    this.#count += 1;
    const role = this.#count % 2 === 0 ? 'prefill' : 'decode';
    this.#present.push(await this.#stack.addVisitor(`visitor-${this.#count}`, role));
    if (this.#present.length > PRESENT_MAX)
      await this.#present.shift()?.leave(this.#count % 4 < 2 ? 'killed' : 'stopped');
  }
}
