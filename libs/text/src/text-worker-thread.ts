import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { TextError } from './errors.js';
import type {
  CacheCounts,
  EncodeTask,
  UnslicedText,
  Vocabulary,
  WorkerReply,
  WorkerRequest,
  WorkerSetup,
} from './worker-messages.js';

/** What a worker made of a text. */
export type WorkerAnswer =
  | { readonly kind: 'encoded'; readonly tokens: Uint32Array }
  /** There are more ids than were wanted. */
  | { readonly kind: 'over' }
  | ({ readonly kind: 'unsliceable' } & UnslicedText);

export interface WorkerEncodeOptions {
  /** Aborted when nobody waits for the ids any more: fails with TEXT_ABORTED at once. */
  readonly signal?: AbortSignal | undefined;
  /** More ids than this are not wanted; any number when absent. */
  readonly tokensMax?: number | undefined;
}

interface Pending {
  resolve(answer: WorkerAnswer): void;
  reject(error: Error): void;
  /** Stops listening to who asked. */
  release(): void;
}

const NO_COUNTS: CacheCounts = {
  hitTokens: 0,
  missTokens: 0,
  evictedTokens: 0,
  oversizedSegments: 0,
  cachedTokens: 0,
};

/**
 * One worker thread and the requests it holds. When a thread ends by itself, its requests fail and the next request starts another:
 * a tokenizer that cannot be loaded any more costs one attempt per request and never a loop.
 */
export class TextWorkerThread {
  private worker: Worker | null = null;
  private starting: Promise<Vocabulary> | null = null;
  private isStopped = false;
  private hasStarted = false;
  private readonly pending = new Map<number, Pending>();
  private nextId = 0;
  private restartCount = 0;
  private cache: CacheCounts = NO_COUNTS;

  constructor(
    private readonly setup: WorkerSetup,
    /** What runs in the thread; the worker of this package when null. */
    private readonly entry: URL | null = null,
  ) {}

  get pendingCount(): number {
    return this.pending.size;
  }

  counts(): CacheCounts & { readonly restarts: number } {
    return { ...this.cache, restarts: this.restartCount };
  }

  /** Resolves when the worker has loaded its tokenizer. */
  start(): Promise<Vocabulary> {
    this.isStopped = false;
    this.hasStarted = true;
    this.starting ??= this.launch();
    return this.starting;
  }

  encode(
    task: EncodeTask,
    { signal, tokensMax = Infinity }: WorkerEncodeOptions = {},
  ): Promise<WorkerAnswer> {
    const id = this.nextId;
    this.nextId += 1;
    return new Promise((resolve, reject) => {
      const cancel = (): void => this.cancel(id);
      // Pending from the start, so that the queue limit counts requests that wait for a worker to start.
      this.pending.set(id, { resolve, reject, release: () => signal?.removeEventListener('abort', cancel) });
      if (signal?.aborted === true) cancel();
      signal?.addEventListener('abort', cancel, { once: true });
      this.ensureStarted().then(
        () => this.post({ kind: 'encode', id, task, tokensMax }),
        (error: unknown) => this.fail(id, error),
      );
    });
  }

  /** Ends the worker whatever it does; what it held fails, and the next request starts another. */
  async abandon(): Promise<void> {
    const { worker } = this;
    if (worker === null) return;
    this.forget(new Error('it was ended, for nobody waits for what it does'));
    await worker.terminate();
  }

  async stop(): Promise<void> {
    const { worker } = this;
    this.isStopped = true;
    this.worker = null;
    this.starting = null;
    this.failAll(new TextError('TEXT_CLOSED', 'The text service was closed'));
    await worker?.terminate();
  }

  private async ensureStarted(): Promise<unknown> {
    if (this.isStopped) throw new TextError('TEXT_CLOSED', 'The text service was closed');
    if (this.starting === null && this.hasStarted) this.restartCount += 1;
    return await this.start();
  }

  private cancel(id: number): void {
    this.fail(id, new TextError('TEXT_ABORTED', 'Nobody waits for the text to be encoded any more'));
    this.worker?.postMessage({ kind: 'cancel', id } satisfies WorkerRequest);
  }

  private post(request: Extract<WorkerRequest, { kind: 'encode' }>): void {
    // Closed or cancelled while it waited for the worker: it has failed already.
    if (!this.pending.has(request.id)) return;
    try {
      if (this.worker === null) throw endedError(undefined);
      const { task } = request;
      if (task.kind === 'text') this.worker.postMessage(request);
      else {
        const body = sendable(task.body);
        const moved = body.buffer instanceof ArrayBuffer ? [body.buffer] : [];
        this.worker.postMessage({ ...request, task: { ...task, body } }, moved);
      }
    } catch (error) {
      this.fail(request.id, error);
    }
  }

  private launch(): Promise<Vocabulary> {
    return new Promise((resolve, reject) => {
      const worker = new Worker(this.entry ?? workerEntry(), { workerData: this.setup, execArgv: [] });
      this.worker = worker;
      let lastError: unknown;
      worker.on('message', (reply: WorkerReply) => {
        if (reply.kind === 'ready') resolve(reply.vocabulary);
        else if (reply.kind === 'unusable') reject(new TextError(reply.code, describeUnusable(reply)));
        else this.settle(reply);
      });
      worker.on('error', (error) => (lastError = error));
      worker.on('exit', () => {
        reject(endedError(lastError));
        if (this.worker === worker) this.forget(lastError);
      });
    });
  }

  private settle(reply: Exclude<WorkerReply, { kind: 'ready' | 'unusable' }>): void {
    if (reply.kind === 'failed') {
      const what = reply.code === 'TEXT_ENCODING_FAILED' ? 'encode the text' : 'render the conversation';
      const { code, reason, beginning } = reply;
      this.fail(reply.id, new TextError(code, `Cannot ${what}: ${reason}`, undefined, beginning));
      return;
    }
    if (reply.kind === 'encoded') this.cache = reply.cache;
    this.take(reply.id)?.resolve(reply);
  }

  private forget(cause: unknown): void {
    this.worker = null;
    this.starting = null;
    this.cache = NO_COUNTS;
    this.failAll(endedError(cause));
  }

  private fail(id: number, error: unknown): void {
    this.take(id)?.reject(error instanceof Error ? error : new Error(String(error)));
  }

  private take(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    pending?.release();
    return pending;
  }

  private failAll(error: TextError): void {
    for (const id of [...this.pending.keys()]) this.fail(id, error);
  }
}

/** Shared memory is read where it lies. Other bytes are copied and moved: a clone would take along the whole pool that a small buffer lies in. */
function sendable({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return buffer instanceof SharedArrayBuffer ? bytes : new Uint8Array(bytes);
}

function describeUnusable({ code, reason }: Extract<WorkerReply, { kind: 'unusable' }>): string {
  return code === 'TEXT_TOKENIZER_MISSING'
    ? `There is no tokenizer: ${reason} does not exist`
    : `The tokenizer cannot be used: ${reason}`;
}

function endedError(cause: unknown): TextError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new TextError(
    'TEXT_WORKER_FAILED',
    `The text worker ended while it had the request${reason}`,
    cause,
  );
}

/**
 * Threads load no TypeScript on Node 20: from sources (tests), the worker of the last build runs.
 * @throws TextError when there is none.
 */
function workerEntry(): URL {
  const path = import.meta.url.endsWith('.ts') ? '../dist/text-worker.js' : './text-worker.js';
  const url = new URL(path, import.meta.url);
  if (!existsSync(url)) {
    throw new TextError('TEXT_WORKER_FAILED', `${fileURLToPath(url)} is missing: build @kvasir/text first`);
  }
  return url;
}
