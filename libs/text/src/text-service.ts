import { TextError } from './errors.js';
import { loadTokenizer } from './load-tokenizer.js';
import type { LoadedTokenizer } from './load-tokenizer.js';
import { createStreamDecoder } from './stream-decoder.js';
import type { StreamDecoder } from './stream-decoder.js';
import { TextWorkerThread } from './text-worker-thread.js';
import type { ChatInput, EncodeTask } from './worker-messages.js';

export interface TextServiceOptions {
  /** Folder with tokenizer.json, and tokenizer_config.json for the chat template. */
  readonly tokenizerPath: string;
  /** Worker threads; default 1. Each has its own cache. */
  readonly workerCount?: number;
  /** Requests in hand or waiting over all workers; default 1024. */
  readonly queueRequestsMax?: number;
  /** Ids cached per worker; default 2,000,000 (8 MB and the texts). */
  readonly cacheTokensMax?: number;
}

/** Counted since start; cache figures restart with a worker. */
export interface TextStats {
  readonly pendingRequests: number;
  readonly rejectedRequests: number;
  readonly workerRestarts: number;
  readonly cacheHitTokens: number;
  readonly cacheMissTokens: number;
  readonly cacheEvictedTokens: number;
}

/** Text to ids on worker threads, ids to text on the caller's thread. Ids returned belong to the caller. */
export interface TextService {
  /** @throws TextError TEXT_TOKENIZER_MISSING, TEXT_TOKENIZER_INVALID, TEXT_WORKER_FAILED */
  start(): Promise<void>;
  close(): Promise<void>;
  /** Renders the chat template and encodes. @throws TextError TEXT_TEMPLATE_FAILED, TEXT_QUEUE_FULL, TEXT_WORKER_FAILED */
  encodeChat(input: ChatInput): Promise<Uint32Array>;
  /** `addSpecialTokens` (default true) lets the post-processor add its tokens, e.g. a first one. */
  encodeText(text: string, options?: { readonly addSpecialTokens?: boolean }): Promise<Uint32Array>;
  /** Special tokens give no text. */
  decode(ids: Iterable<number>): string;
  createDecoder(): StreamDecoder;
  vocabularySize(): number;
  stats(): TextStats;
}

/** Nothing starts before `start`. */
export function createTextService(options: TextServiceOptions): TextService {
  const { tokenizerPath, workerCount = 1, queueRequestsMax = 1024, cacheTokensMax = 2_000_000 } = options;
  requirePositive('workerCount', workerCount);
  requirePositive('queueRequestsMax', queueRequestsMax);
  requirePositive('cacheTokensMax', cacheTokensMax);
  const threads = Array.from(
    { length: workerCount },
    () => new TextWorkerThread({ tokenizerPath, cacheTokensMax }),
  );
  let loaded: LoadedTokenizer | null = null;
  let rejectedRequests = 0;

  const pendingRequests = (): number => sum(threads, (thread) => thread.pendingCount);
  const opened = (): LoadedTokenizer => {
    if (loaded === null) throw new TextError('TEXT_CLOSED', 'The text service is not started');
    return loaded;
  };
  const decode = (ids: Iterable<number>): string => {
    const { tokenizer } = opened();
    const list = [...ids];
    return list.length === 0 ? '' : tokenizer.decode(list, { skip_special_tokens: true });
  };
  const encode = async (task: EncodeTask): Promise<Uint32Array> => {
    opened();
    if (pendingRequests() >= queueRequestsMax) {
      rejectedRequests += 1;
      throw new TextError('TEXT_QUEUE_FULL', `${queueRequestsMax} requests already wait for a text worker`);
    }
    return await leastBusy(threads).encode(task);
  };
  const close = async (): Promise<void> => {
    loaded = null;
    await Promise.all(threads.map((thread) => thread.stop()));
  };

  return {
    async start() {
      if (loaded !== null) return;
      const tokenizer = await loadOrThrow(tokenizerPath);
      try {
        await Promise.all(threads.map((thread) => thread.start()));
      } catch (error) {
        await close();
        throw error;
      }
      loaded = tokenizer;
    },
    close,
    encodeChat: (input) => encode({ kind: 'chat', input }),
    encodeText: (text, { addSpecialTokens = true } = {}) => encode({ kind: 'text', text, addSpecialTokens }),
    decode,
    createDecoder: () => createStreamDecoder(decode),
    vocabularySize: () => opened().tokenizer.get_vocab(true).size,
    stats() {
      const counts = threads.map((thread) => thread.counts());
      return {
        pendingRequests: pendingRequests(),
        rejectedRequests,
        workerRestarts: sum(counts, (count) => count.restarts),
        cacheHitTokens: sum(counts, (count) => count.hitTokens),
        cacheMissTokens: sum(counts, (count) => count.missTokens),
        cacheEvictedTokens: sum(counts, (count) => count.evictedTokens),
      };
    },
  };
}

async function loadOrThrow(tokenizerPath: string): Promise<LoadedTokenizer> {
  const loading = await loadTokenizer(tokenizerPath);
  if (loading.kind === 'missing') {
    throw new TextError('TEXT_TOKENIZER_MISSING', `There is no tokenizer at ${loading.path}`);
  }
  if (loading.kind === 'invalid') throw new TextError('TEXT_TOKENIZER_INVALID', loading.reason);
  return loading.loaded;
}

function leastBusy(threads: readonly TextWorkerThread[]): TextWorkerThread {
  return threads.reduce((best, thread) => (thread.pendingCount < best.pendingCount ? thread : best));
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

function requirePositive(name: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw new RangeError(`Cannot create a text service: ${name} must be a positive integer, received ${value}`);
}
