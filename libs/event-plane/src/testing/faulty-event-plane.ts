import type { Prng } from '@kvasir/units';
import { EventPlaneError } from '../errors.js';
import type { EventPlane, PlaneHealth, PlaneMessage, Serving, Subscription } from '../event-plane.js';

/** Shares from 0 to 1, drawn for each message or chunk. */
export interface FaultRates {
  readonly lose: number;
  readonly duplicate: number;
  /** Held back until up to `HELD_BACK_MAX` later messages have passed it. */
  readonly delay: number;
  /** A request breaks off at this chunk. */
  readonly breakRequest: number;
}

const HELD_BACK_MAX = 8;
const NO_FAULTS: FaultRates = { lose: 0, duplicate: 0, delay: 0, breakRequest: 0 };

/**
 * A plane that loses, repeats and reorders what is published through it, as a bad network would: for tests of whatever must survive that.
 * Everything else goes to the plane below. Deterministic for a seed.
 */
export class FaultyEventPlane implements EventPlane {
  readonly #plane: EventPlane;
  readonly #prng: Prng;
  #rates: FaultRates;
  readonly #heldBack: { readonly subject: string; readonly payload: Uint8Array }[] = [];
  #lostMessages = 0;

  constructor(plane: EventPlane, prng: Prng, rates: Partial<FaultRates> = {}) {
    this.#plane = plane;
    this.#prng = prng;
    this.#rates = { ...NO_FAULTS, ...rates };
  }

  get payloadBytesMax(): number {
    return this.#plane.payloadBytesMax;
  }

  get lostMessages(): number {
    return this.#lostMessages;
  }

  /** What goes wrong from now on; rates that are not given are 0. */
  setFaults(rates: Partial<FaultRates>): void {
    this.#rates = { ...NO_FAULTS, ...rates };
  }

  /** From now on nothing goes wrong; what was held back arrives, late. */
  heal(): void {
    this.#rates = NO_FAULTS;
    this.#release(0);
  }

  publish(subject: string, payload: Uint8Array): void {
    if (this.#prng() < this.#rates.lose) {
      this.#lostMessages += 1;
      return;
    }
    if (this.#prng() < this.#rates.delay) {
      this.#heldBack.push({ subject, payload });
      this.#release(HELD_BACK_MAX);
      return;
    }
    this.#plane.publish(subject, payload);
    if (this.#prng() < this.#rates.duplicate) this.#plane.publish(subject, payload);
    this.#release(Math.floor(this.#prng() * HELD_BACK_MAX));
  }

  subscribe(pattern: string, deliver: (message: PlaneMessage) => void): Subscription {
    return this.#plane.subscribe(pattern, deliver);
  }

  serve(subject: string, answer: (request: Uint8Array) => AsyncIterable<Uint8Array>): Serving {
    return this.#plane.serve(subject, answer);
  }

  async *request(
    subject: string,
    request: Uint8Array,
    timeoutMs: number,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.#plane.request(subject, request, timeoutMs, signal)) {
      if (this.#prng() < this.#rates.breakRequest)
        throw new EventPlaneError('EVENT_PLANE_TIMEOUT', `Cannot ask ${subject}: the answer broke off`);
      yield chunk;
    }
  }

  health(): PlaneHealth {
    return this.#plane.health();
  }

  flush(): Promise<void> {
    return this.#plane.flush();
  }

  close(): Promise<void> {
    return this.#plane.close();
  }

  /** Lets all but `keepCount` of the held back messages go, in any order. */
  #release(keepCount: number): void {
    while (this.#heldBack.length > keepCount) {
      const [late] = this.#heldBack.splice(Math.floor(this.#prng() * this.#heldBack.length), 1);
      if (late !== undefined) this.#plane.publish(late.subject, late.payload);
    }
  }
}
