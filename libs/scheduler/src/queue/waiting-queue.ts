import type { RequestId } from '@kvasir/units';
import type { RouteInput } from '../messages.js';

/** A request that waits for a target. */
export interface WaitingRequest {
  readonly requestId: RequestId;
  readonly priority: number;
  readonly input: RouteInput;
}

/** Requests that wait, higher priority first, and within one as they came. */
export class WaitingQueue {
  readonly #waiting: WaitingRequest[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  has(requestId: RequestId): boolean {
    return this.#waiting.some((waiting) => waiting.requestId === requestId);
  }

  /** O(log n) to find the place, O(n) to make room. */
  add(waiting: WaitingRequest): void {
    let [low, high] = [0, this.#waiting.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#waiting[middle]?.priority ?? 0) >= waiting.priority) low = middle + 1;
      else high = middle;
    }
    this.#waiting.splice(low, 0, waiting);
  }

  /** @returns false for a request that does not wait. */
  remove(requestId: RequestId): boolean {
    const index = this.#waiting.findIndex((waiting) => waiting.requestId === requestId);
    if (index < 0) return false;
    this.#waiting.splice(index, 1);
    return true;
  }

  /** The next ones, as a copy. */
  first(count: number): readonly WaitingRequest[] {
    return this.#waiting.slice(0, count);
  }
}
