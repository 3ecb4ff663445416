import { TextError } from './errors.js';
import type { TextWorkerThread, WorkerAnswer, WorkerEncodeOptions } from './text-worker-thread.js';
import type { UnslicedText } from './worker-messages.js';

interface Waiting {
  readonly source: UnslicedText;
  readonly options: WorkerEncodeOptions;
  readonly resolve: (answer: WorkerAnswer) => void;
  readonly reject: (error: unknown) => void;
  readonly onAbort: () => void;
}

/**
 * Where texts are encoded that cannot be sliced, one after the other, in a thread that nobody else waits for. It starts with the first of them.
 * When nobody waits any more for the one in hand, its thread is ended: nothing else stops it.
 */
export class LongTextLane {
  readonly #thread: TextWorkerThread;
  readonly #waiting: Waiting[] = [];
  #inHand: Waiting | null = null;

  constructor(thread: TextWorkerThread) {
    this.#thread = thread;
  }

  get pendingCount(): number {
    return this.#waiting.length + (this.#inHand === null ? 0 : 1);
  }

  encode(source: UnslicedText, options: WorkerEncodeOptions): Promise<WorkerAnswer> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { source, options, resolve, reject, onAbort: () => this.#giveUp(waiting) };
      if (options.signal?.aborted === true) {
        reject(abortedError());
        return;
      }
      options.signal?.addEventListener('abort', waiting.onAbort, { once: true });
      this.#waiting.push(waiting);
      this.#advance();
    });
  }

  async stop(): Promise<void> {
    const error = new TextError('TEXT_CLOSED', 'The text service was closed');
    for (const waiting of this.#waiting.splice(0)) this.#settle(waiting, () => waiting.reject(error));
    await this.#thread.stop();
  }

  #advance(): void {
    const next = this.#inHand === null ? this.#waiting.shift() : undefined;
    if (next === undefined) return;
    this.#inHand = next;
    const { tokensMax } = next.options;
    void this.#thread
      .encode({ kind: 'text', ...next.source }, { tokensMax })
      .then(
        (answer) => this.#settle(next, () => next.resolve(answer)),
        (error: unknown) => this.#settle(next, () => next.reject(error)),
      )
      .finally(() => {
        this.#inHand = null;
        this.#advance();
      });
  }

  #giveUp(waiting: Waiting): void {
    this.#settle(waiting, () => waiting.reject(abortedError()));
    if (this.#inHand === waiting) void this.#thread.abandon();
    else this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
  }

  #settle({ options, onAbort }: Waiting, tell: () => void): void {
    options.signal?.removeEventListener('abort', onAbort);
    tell();
  }
}

function abortedError(): TextError {
  return new TextError('TEXT_ABORTED', 'Nobody waits for the text to be encoded any more');
}
