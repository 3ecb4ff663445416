import type { RequestId } from '@kvasir/units';

/** Bookings whose place is remembered; of older ones every router is asked. */
export const PLACES_MAX = 100_000;

/** At which router a request is booked: spares asking all of them. Forgotten at a restart, which costs only that. */
export class BookingPlaces {
  /** Oldest first. */
  readonly #addresses = new Map<RequestId, string>();

  note(requestId: RequestId, address: string): void {
    this.#addresses.set(requestId, address);
    if (this.#addresses.size <= PLACES_MAX) return;
    const [oldest] = this.#addresses.keys();
    if (oldest !== undefined) this.#addresses.delete(oldest);
  }

  of(requestId: RequestId): string | null {
    return this.#addresses.get(requestId) ?? null;
  }

  forget(requestId: RequestId): void {
    this.#addresses.delete(requestId);
  }
}
