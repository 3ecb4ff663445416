import type { RequestId } from '@kvasir/units';
import type { ActiveLoad, BookedLoad } from '../load/active-load.js';
import type { SchedulerEffect } from '../messages.js';

interface Booking {
  readonly load: BookedLoad;
  readonly bookedAtMs: number;
  readonly caller: string | undefined;
  outputTokens: number;
}

/** What a booking is made for. */
export interface NewBooking {
  readonly requestId: RequestId;
  readonly caller: string | undefined;
  readonly nowMs: number;
}

/** Which request is booked where, oldest first. What a booking put on its target is dropped when it ends, however it ends. */
export class Bookings {
  readonly #load: ActiveLoad;
  readonly #options: {
    readonly bookingTtlMs: number;
    readonly blockSize: number;
    readonly trackActiveBlocks: boolean;
  };
  /** Insertion order is age. */
  readonly #byRequest = new Map<RequestId, Booking>();
  /** Bookings of each caller that has some. */
  readonly #byCaller = new Map<string, number>();

  constructor(
    load: ActiveLoad,
    options: {
      readonly bookingTtlMs: number;
      readonly blockSize: number;
      readonly trackActiveBlocks: boolean;
    },
  ) {
    this.#load = load;
    this.#options = options;
  }

  get size(): number {
    return this.#byRequest.size;
  }

  has(requestId: RequestId): boolean {
    return this.#byRequest.has(requestId);
  }

  /** Bookings of a caller. */
  countOf(caller: string): number {
    return this.#byCaller.get(caller) ?? 0;
  }

  add({ requestId, caller, nowMs }: NewBooking, load: BookedLoad): void {
    this.#load.book(load);
    this.#byRequest.set(requestId, { load, bookedAtMs: nowMs, caller, outputTokens: 0 });
    if (caller !== undefined) this.#byCaller.set(caller, this.countOf(caller) + 1);
  }

  completePrefill(requestId: RequestId): SchedulerEffect {
    const booking = this.#byRequest.get(requestId);
    if (booking === undefined) return { kind: 'unknownRequest', requestId };
    this.#load.completePrefill(booking.load);
    return { kind: 'prefillMarked', requestId };
  }

  /** Adds a block to the target's load for every `blockSize` tokens that the request has generated. */
  addOutputTokens(requestId: RequestId, tokenCount: number): readonly SchedulerEffect[] {
    const booking = this.#byRequest.get(requestId);
    if (booking === undefined) return [{ kind: 'unknownRequest', requestId }];
    const { blockSize, trackActiveBlocks } = this.#options;
    const before = Math.floor(booking.outputTokens / blockSize);
    booking.outputTokens += tokenCount;
    const added = Math.floor(booking.outputTokens / blockSize) - before;
    if (trackActiveBlocks && added > 0) this.#load.addOwnBlocks(booking.load, added);
    return [];
  }

  release(requestId: RequestId): SchedulerEffect {
    const booking = this.#byRequest.get(requestId);
    if (booking === undefined) return { kind: 'unknownRequest', requestId };
    this.#end(requestId, booking);
    return { kind: 'released', requestId };
  }

  /** Ends all bookings of a target that goes away. O(bookings). */
  releaseTarget(target: number): void {
    for (const [requestId, booking] of this.#byRequest) {
      if (booking.load.target === target) this.#end(requestId, booking);
    }
  }

  /** Ends bookings that are older than `bookingTtlMs`; looks only at the oldest. */
  expire(nowMs: number): readonly SchedulerEffect[] {
    const expired: RequestId[] = [];
    for (const [requestId, booking] of this.#byRequest) {
      if (nowMs - booking.bookedAtMs < this.#options.bookingTtlMs) break;
      this.#end(requestId, booking);
      expired.push(requestId);
    }
    return expired.length === 0 ? [] : [{ kind: 'expired', requestIds: expired }];
  }

  #end(requestId: RequestId, booking: Booking): void {
    this.#load.release(booking.load);
    this.#byRequest.delete(requestId);
    if (booking.caller === undefined) return;
    const left = this.countOf(booking.caller) - 1;
    if (left > 0) this.#byCaller.set(booking.caller, left);
    else this.#byCaller.delete(booking.caller);
  }
}
