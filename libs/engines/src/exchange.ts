import type { Dispatcher } from 'undici';
import { transportFailure } from './errors.js';
import type { EngineFailure } from './errors.js';

/** The head of an engine's answer. */
export interface EngineHead {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Holds an answer's bytes back, in the engine's socket, and lets them come again. */
export interface Flow {
  pause(): void;
  resume(): void;
}

/** Takes an answer's bytes as they come. */
export interface BodyReceiver {
  /** The bytes may be kept; they are not changed later. */
  data(bytes: Buffer): void;
}

/** How an exchange ended. */
export type ExchangeEnd =
  /** The whole answer was received, whatever its status. */
  | { readonly kind: 'completed'; readonly head: EngineHead }
  | { readonly kind: 'failed'; readonly failure: EngineFailure; readonly head: EngineHead | null }
  /** The signal was aborted; the engine sees its connection close. */
  | { readonly kind: 'aborted' };

/** Called once with the head, before any byte of the body; what it returns gets the body. */
export type Respond = (head: EngineHead, flow: Flow) => BodyReceiver;

/** One request and its answer, as undici drives it. Settles once; what comes after is ignored. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #respond: Respond;
  readonly #settle: (end: ExchangeEnd) => void;
  readonly #signal: AbortSignal | null;
  readonly #onAbort = (): void => this.#abort();
  #controller: Dispatcher.DispatchController | null = null;
  #head: EngineHead | null = null;
  #receiver: BodyReceiver | null = null;
  #isSettled = false;

  constructor(respond: Respond, signal: AbortSignal | null, settle: (end: ExchangeEnd) => void) {
    this.#respond = respond;
    this.#settle = settle;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Aborted while the connection was being made.
    if (this.#isSettled) controller.abort(ABORTED);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: EngineHead['headers'],
  ): void {
    // An informational head (1xx) is not the answer's.
    if (status < 200 || this.#isSettled) return;
    this.#head = { status, headers };
    this.#receiver = this.#respond(this.#head, controller);
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (!this.#isSettled) this.#receiver?.data(bytes);
  }

  onResponseEnd(): void {
    const head = this.#head;
    if (head !== null) this.#end({ kind: 'completed', head });
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    const head = this.#head;
    this.#end({ kind: 'failed', failure: transportFailure(error, head?.status ?? null), head });
  }

  #abort(): void {
    this.#end({ kind: 'aborted' });
    this.#controller?.abort(ABORTED);
  }

  #end(end: ExchangeEnd): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#settle(end);
  }
}

/** Nobody sees it: the exchange has settled before. Made once, for an error's stack costs more than the abort. */
const ABORTED = new Error('The exchange was aborted');
