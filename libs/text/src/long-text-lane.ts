import { TextError } from './errors.js';
import type { TextWorkerThread, WorkerAnswer, WorkerEncodeOptions } from './text-worker-thread.js';
import type { EncodeTask } from './worker-messages.js';

interface Waiting {
  readonly task: EncodeTask;
  readonly options: WorkerEncodeOptions;
  readonly resolve: (answer: WorkerAnswer) => void;
  readonly reject: (error: unknown) => void;
  readonly onAbort: () => void;
}

/**
 * Where texts are encoded that cannot be sliced, and conversations too large to be rendered among others, one after the other, in a thread that
 * nobody else waits for. It starts with the first of them. When nobody waits any more for a text in hand, its thread is ended: nothing else stops it.
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

  encode(task: EncodeTask, options: WorkerEncodeOptions): Promise<WorkerAnswer> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { task, options, resolve, reject, onAbort: () => this.#giveUp(waiting) };
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
    const { tokensMax, signal } = next.options;
    void this.#thread
      .encode(next.task, isSliced(next.task) ? { tokensMax, signal } : { tokensMax })
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
    if (this.#inHand !== waiting) this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    else if (!isSliced(waiting.task)) void this.#thread.abandon();
  }

  #settle({ options, onAbort }: Waiting, tell: () => void): void {
    options.signal?.removeEventListener('abort', onAbort);
    tell();
  }
}

/** Only the first step of a conversation is a long one; it hears in between that nobody waits. */
function isSliced(task: EncodeTask): boolean {
  return task.kind === 'chat';
}

function abortedError(): TextError {
  return new TextError('TEXT_ABORTED', 'Nobody waits for the text to be encoded any more');
}
