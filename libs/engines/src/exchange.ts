import type { Dispatcher } from 'undici';
import { AnswerWatch } from './answer-watch.js';
import type { AnswerWatchParts } from './answer-watch.js';
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
  /** Events of a stream that carried tokens, as far as they were counted; absent for an answer in one piece. */
  readonly tokenEvents?: number;
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

export interface ExchangeParts extends Omit<AnswerWatchParts, 'isHeld' | 'onLate'> {
  readonly respond: Respond;
  readonly signal: AbortSignal | null;
  readonly settle: (end: ExchangeEnd) => void;
}

/** One request and its answer, as undici drives it. Settles once; what comes after is ignored. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #respond: Respond;
  readonly #settle: (end: ExchangeEnd) => void;
  readonly #signal: AbortSignal | null;
  readonly #onAbort = (): void => this.#abort();
  readonly #watch: AnswerWatch;
  #controller: Dispatcher.DispatchController | null = null;
  #head: EngineHead | null = null;
  #receiver: BodyReceiver | null = null;
  #isSettled = false;
  #tokenEvents = 0;

  constructor(parts: ExchangeParts) {
    this.#respond = parts.respond;
    this.#settle = parts.settle;
    this.#signal = parts.signal;
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#watch = new AnswerWatch({
      ...parts,
      isHeld: () => this.#controller?.paused === true,
      onLate: (failure) => {
        // Without a controller no connection was there yet.
        const wasSent = this.#controller !== null;
        this.#end({ kind: 'failed', failure: { ...failure, wasSent }, head: this.#head });
        this.#controller?.abort(ABORTED);
      },
    });
    this.#watch.start();
  }

  /** True once it has ended: it need not be sent any more. */
  get isSettled(): boolean {
    return this.#isSettled;
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
    this.#watch.head();
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    const receiver = this.#receiver;
    if (this.#isSettled || receiver === null) return;
    receiver.data(bytes);
    const { tokenEvents } = receiver;
    if (tokenEvents === this.#tokenEvents) return;
    this.#tokenEvents = tokenEvents ?? 0;
    this.#watch.progress();
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
    this.#watch.stop();
    this.#settle(end);
  }
}

/** Nobody sees it: the exchange has settled before. Made once, for an error's stack costs more than the abort. */
const ABORTED = new Error('The exchange was aborted');
