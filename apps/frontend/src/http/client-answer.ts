import type { ServerResponse } from 'node:http';
import type { RelaySink } from '@kvasir/engines';
import { errorBody } from '@kvasir/openai';
import type { OpenAiError } from '@kvasir/openai';
import type { RequestId } from '@kvasir/units';
import { trailingLineEnds } from './event-borders.js';

/** When a client that was turned away for lack of room may come again, in seconds. */
const RETRY_AFTER_S = '1';

const RETRY_LATER = new Set([
  'overloaded',
  'bodies_overloaded',
  'client_overloaded',
  'engine_overloaded',
  'shutting_down',
  'no_workers',
  'prefill_unavailable',
  'tokenizer_failed',
]);

const EVENT_STREAM = 'text/event-stream; charset=utf-8';
const COMMENT = ': keep-alive\n\n';

/** The answer to one client, over Node's response. Once begun it can only be continued or broken off. */
export class ClientAnswer implements RelaySink {
  readonly #response: ServerResponse;
  readonly #requestId: RequestId;
  #status: number | null = null;
  /** Also when only comments have followed it. */
  #hasHead = false;
  /** Of what was written: 2 between two events. */
  #lineEnds = 2;
  #onWrite: (() => void) | null = null;

  constructor(response: ServerResponse, requestId: RequestId) {
    this.#response = response;
    this.#requestId = requestId;
  }

  /** Null until something of the answer itself was sent: comments are none. */
  get status(): number | null {
    return this.#status;
  }

  /** True once a status was sent that cannot be taken back. */
  get hasHead(): boolean {
    return this.#hasHead;
  }

  /** The client has gone, or all was sent. */
  get isOver(): boolean {
    return this.#response.writableEnded || this.#response.destroyed;
  }

  /** Calls back when the connection closes before the answer was complete. */
  onLeave(callback: () => void): void {
    this.#response.on('close', () => {
      if (!this.#response.writableFinished) callback();
    });
  }

  /** Sends the head of an answer whose bytes follow. @param headers names and values in turn. */
  begin(status: number, contentType: string, headers: readonly string[]): void {
    this.#status = status;
    this.#writeHead(status, contentType, headers);
  }

  /** Calls back after each write of the answer's own bytes. */
  onWrite(callback: () => void): void {
    this.#onWrite = callback;
  }

  /**
   * Sends a comment of a stream of events, with its head when that was not sent yet; between two events only, and nothing to a client that is slower.
   * The request may still be run elsewhere after it.
   */
  comment(): void {
    if (this.isOver || this.#lineEnds < 2 || this.#response.writableNeedDrain) return;
    this.#writeHead(200, EVENT_STREAM, []);
    this.#response.write(COMMENT);
  }

  #writeHead(status: number, contentType: string, headers: readonly string[]): void {
    if (this.#hasHead) return;
    this.#hasHead = true;
    this.#response.writeHead(status, [
      'content-type',
      contentType,
      'cache-control',
      'no-cache',
      'x-request-id',
      this.#requestId,
      ...headers,
    ]);
  }

  write(bytes: Buffer): boolean {
    this.#lineEnds = trailingLineEnds(bytes, this.#lineEnds);
    this.#onWrite?.();
    return this.#response.write(bytes);
  }

  onDrain(callback: () => void): void {
    this.#response.on('drain', callback);
  }

  end(): void {
    this.#response.end();
  }

  /** A whole answer. */
  send(status: number, contentType: string, bytes: Buffer, headers: readonly string[]): void {
    if (this.isOver) return;
    this.#status = status;
    this.#hasHead = true;
    this.#response.writeHead(status, [
      'content-type',
      contentType,
      'content-length',
      String(bytes.length),
      'x-request-id',
      this.#requestId,
      ...headers,
    ]);
    this.#response.end(bytes);
  }

  /** An error: as a status while nothing was sent, as the last event of a stream after that. */
  fail(error: OpenAiError): void {
    const json = JSON.stringify(errorBody(error));
    if (this.#hasHead) {
      this.#status ??= error.status;
      // An event that the engine did not complete is not to swallow the error.
      if (!this.isOver) this.#response.end(`${'\n'.repeat(2 - this.#lineEnds)}data: ${json}\n\n`);
      return;
    }
    const later =
      error.code !== null && RETRY_LATER.has(error.code)
        ? ['retry-after', error.retryAfterS === undefined ? RETRY_AFTER_S : String(error.retryAfterS)]
        : [];
    // A body that was not read to its end leaves a connection that cannot be used again.
    const close = this.#response.req.complete ? [] : ['connection', 'close'];
    this.send(error.status, 'application/json', Buffer.from(json), [...later, ...close]);
    this.#status = error.status;
  }
}
