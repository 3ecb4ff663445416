import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { TextError } from './errors.js';
import type { CacheCounts, EncodeTask, WorkerReply, WorkerRequest, WorkerSetup } from './worker-messages.js';

interface Pending {
  resolve(tokens: Uint32Array): void;
  reject(error: Error): void;
}

/** One worker thread and the requests it holds. A thread that ends by itself is replaced and its requests fail. */
export class TextWorkerThread {
  private worker: Worker | null = null;
  private readonly pending = new Map<number, Pending>();
  private nextId = 0;
  private restartCount = 0;
  private cache: CacheCounts = { hitTokens: 0, missTokens: 0, evictedTokens: 0 };

  constructor(private readonly setup: WorkerSetup) {}

  get pendingCount(): number {
    return this.pending.size;
  }

  counts(): CacheCounts & { readonly restarts: number } {
    return { ...this.cache, restarts: this.restartCount };
  }

  /** Resolves when the worker has loaded its tokenizer. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = new Worker(workerEntry(), { workerData: this.setup, execArgv: [] });
      this.worker = worker;
      let isReady = false;
      let lastError: unknown;
      worker.on('message', (reply: WorkerReply) => {
        if (reply.kind === 'ready') {
          isReady = true;
          resolve();
        } else if (reply.kind === 'invalid') reject(new TextError('TEXT_TOKENIZER_INVALID', reply.reason));
        else this.settle(reply);
      });
      worker.on('error', (error) => (lastError = error));
      worker.on('exit', () => {
        reject(new TextError('TEXT_WORKER_FAILED', 'The text worker ended before it was ready', lastError));
        if (this.worker === worker) this.replace(isReady, lastError);
      });
    });
  }

  encode(task: EncodeTask): Promise<Uint32Array> {
    const { worker } = this;
    if (worker === null) {
      return Promise.reject(new TextError('TEXT_WORKER_FAILED', 'The text worker is not running'));
    }
    const id = this.nextId;
    this.nextId += 1;
    return new Promise((resolve, reject) => {
      const request: WorkerRequest = { id, task };
      // Throws on values that cannot be cloned; the promise then rejects and nothing is pending.
      worker.postMessage(request);
      this.pending.set(id, { resolve, reject });
    });
  }

  async stop(): Promise<void> {
    const { worker } = this;
    this.worker = null;
    this.failAll('TEXT_CLOSED', 'The text service was closed', undefined);
    await worker?.terminate();
  }

  private settle(reply: Extract<WorkerReply, { kind: 'encoded' | 'templateFailed' }>): void {
    const pending = this.pending.get(reply.id);
    this.pending.delete(reply.id);
    if (reply.kind === 'encoded') {
      this.cache = reply.cache;
      pending?.resolve(reply.tokens);
    } else {
      pending?.reject(
        new TextError('TEXT_TEMPLATE_FAILED', `Cannot render the conversation: ${reply.reason}`),
      );
    }
  }

  /** Only a worker that once ran is replaced: one that cannot even start would be replaced for ever. */
  private replace(wasReady: boolean, cause: unknown): void {
    this.worker = null;
    this.failAll('TEXT_WORKER_FAILED', 'The text worker ended while it had the request', cause);
    if (!wasReady) return;
    this.restartCount += 1;
    // A failure to start shows in every following request as TEXT_WORKER_FAILED.
    this.start().catch(() => (this.worker = null));
  }

  private failAll(code: 'TEXT_WORKER_FAILED' | 'TEXT_CLOSED', message: string, cause: unknown): void {
    const failed = [...this.pending.values()];
    this.pending.clear();
    for (const pending of failed) pending.reject(new TextError(code, message, cause));
  }
}

/** Threads load no TypeScript on Node 20: from sources (tests), the worker of the last build runs. */
function workerEntry(): URL {
  const path = import.meta.url.endsWith('.ts') ? '../dist/text-worker.js' : './text-worker.js';
  const url = new URL(path, import.meta.url);
  if (!existsSync(url)) {
    throw new TextError('TEXT_WORKER_FAILED', `${fileURLToPath(url)} is missing: build @kvasir/text first`);
  }
  return url;
}
