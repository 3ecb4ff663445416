import type { IncomingMessage } from 'node:http';
import type { ByteAccount } from './byte-ledger.js';

export type BodyReading =
  /** All of it, in the order of its parts, for whoever asked to keep. */
  | { readonly kind: 'ok'; readonly parts: readonly Buffer[] }
  | { readonly kind: 'tooLarge' }
  /** It came slower than the floor. */
  | { readonly kind: 'tooSlow' }
  /** All clients together, or this one, hold as many bytes as they may. */
  | { readonly kind: 'noRoom'; readonly of: 'all' | 'client' }
  /** The client left, or the request ended, while it was coming. */
  | { readonly kind: 'left' };

/**
 * A body that is not taken is read on and thrown away up to this many bytes, so that a client which sends before it reads gets its answer
 * instead of a broken connection.
 */
export const DISCARDED_BYTES_MAX = 64 * 1024 * 1024;

/** Parts shorter than this are joined with their like before the body is complete, and so many of them at a time. */
const CRUMB_BYTES_MAX = 4_096;
const CRUMBS_MAX = 256;

/** One body while it comes: kept, and counted, until it must be thrown away. */
export class ArrivingBody {
  readonly startMs: number;
  receivedBytes = 0;
  readonly #request: IncomingMessage;
  readonly #account: ByteAccount;
  readonly #bytesMax: number;
  readonly #settle: (reading: BodyReading) => void;
  #parts: Buffer[] = [];
  /** The last of them, while they are short. */
  #crumbs: Buffer[] = [];
  #crumbBytes = 0;
  /** Why it is thrown away; null while it is kept. */
  #refusal: BodyReading | null = null;
  #isSettled = false;

  constructor(
    request: IncomingMessage,
    account: ByteAccount,
    options: {
      readonly bytesMax: number;
      readonly startMs: number;
      readonly settle: (reading: BodyReading) => void;
    },
  ) {
    this.#request = request;
    this.#account = account;
    this.#bytesMax = options.bytesMax;
    this.startMs = options.startMs;
    this.#settle = options.settle;
  }

  start(): void {
    const request = this.#request;
    request.on('data', (part: Buffer) => this.#take(part));
    request.on('end', () => this.#end(this.#refusal ?? this.#whole()));
    request.on('error', this.leave);
    // After the end it changes nothing.
    request.on('close', this.leave);
  }

  readonly leave = (): void => this.#end({ kind: 'left' });

  giveUp(): void {
    this.#request.pause();
    this.#end(this.#refusal ?? { kind: 'tooSlow' });
  }

  #take(part: Buffer): void {
    this.receivedBytes += part.length;
    if (this.#refusal === null) this.#keep(part);
    if (this.receivedBytes > DISCARDED_BYTES_MAX) this.giveUp();
  }

  #keep(part: Buffer): void {
    if (this.receivedBytes > this.#bytesMax) {
      this.#refuse({ kind: 'tooLarge' });
      return;
    }
    const shortage = this.#account.take(part.length);
    if (shortage !== null) this.#refuse({ kind: 'noRoom', of: shortage });
    else if (part.length < CRUMB_BYTES_MAX) this.#keepCrumb(part);
    else {
      this.#sweepCrumbs();
      this.#parts.push(part);
    }
  }

  /** Joined early: a body that comes byte by byte must not become an object per byte. */
  #keepCrumb(part: Buffer): void {
    this.#crumbs.push(part);
    this.#crumbBytes += part.length;
    if (this.#crumbs.length >= CRUMBS_MAX || this.#crumbBytes >= CRUMB_BYTES_MAX) this.#sweepCrumbs();
  }

  #sweepCrumbs(): void {
    if (this.#crumbs.length === 0) return;
    this.#parts.push(Buffer.concat(this.#crumbs));
    this.#crumbs = [];
    this.#crumbBytes = 0;
  }

  #whole(): BodyReading {
    this.#sweepCrumbs();
    return { kind: 'ok', parts: this.#parts };
  }

  #refuse(refusal: BodyReading): void {
    this.#refusal = refusal;
    this.#forget();
    this.#account.release();
  }

  #forget(): void {
    this.#parts = [];
    this.#crumbs = [];
    this.#crumbBytes = 0;
  }

  #end(reading: BodyReading): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#forget();
    if (reading.kind !== 'ok') this.#account.release();
    this.#settle(reading);
  }
}
