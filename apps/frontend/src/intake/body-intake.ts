import type { IncomingMessage } from 'node:http';
import type { CancelTimer, Clock } from '@kvasir/service';
import { ArrivingBody } from './arriving-body.js';
import type { BodyReading } from './arriving-body.js';
import type { ByteAccount, ByteLedger } from './byte-ledger.js';

/** What a body may be, and how it must come. */
export interface BodyLimits {
  /** Longest body. */
  readonly bodyBytesMax: number;
  /** A body that is not complete after the grace must have come at least this fast since then. */
  readonly rateFloorBytesPerS: number;
  readonly graceMs: number;
}

/** How often the rates of unfinished bodies are looked at. */
const RATE_CHECK_PERIOD_MS = 500;

/**
 * Reads bodies. Bytes count in the ledger from the first on; what a client declares and does not send counts nothing. A body that cannot be taken is
 * let go of at once, and whoever sends slower than the floor is given up.
 */
export class BodyIntake {
  readonly #limits: BodyLimits;
  readonly #ledger: ByteLedger;
  readonly #clock: Clock;
  readonly #arriving = new Set<ArrivingBody>();
  #cancelCheck: CancelTimer | null = null;

  constructor(limits: BodyLimits, ledger: ByteLedger, clock: Clock) {
    this.#limits = limits;
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** Bodies that have not come to their end. */
  get arrivingCount(): number {
    return this.#arriving.size;
  }

  /** Bytes of all bodies that are held. */
  get bytesInFlight(): number {
    return this.#ledger.bytes;
  }

  /**
   * Reads a whole body. Never rejects.
   * @param account where its bytes are counted; whoever opened it releases it. Empty after anything but `ok`.
   * @param signal ends the reading.
   */
  read(request: IncomingMessage, account: ByteAccount, signal: AbortSignal): Promise<BodyReading> {
    return new Promise((resolve) => {
      const body = new ArrivingBody(request, account, {
        bytesMax: this.#limits.bodyBytesMax,
        startMs: this.#clock.nowMs(),
        settle: (reading) => {
          this.#arriving.delete(body);
          signal.removeEventListener('abort', body.leave);
          if (this.#arriving.size === 0) this.#stopChecking();
          resolve(reading);
        },
      });
      this.#arriving.add(body);
      this.#cancelCheck ??= this.#clock.every(RATE_CHECK_PERIOD_MS, () => this.#checkRates());
      signal.addEventListener('abort', body.leave);
      body.start();
    });
  }

  #checkRates(): void {
    const { rateFloorBytesPerS, graceMs } = this.#limits;
    const nowMs = this.#clock.nowMs();
    for (const body of this.#arriving) {
      const dueMs = nowMs - body.startMs - graceMs;
      if (dueMs > 0 && body.receivedBytes < (dueMs / 1000) * rateFloorBytesPerS) body.giveUp();
    }
  }

  #stopChecking(): void {
    this.#cancelCheck?.();
    this.#cancelCheck = null;
  }
}
