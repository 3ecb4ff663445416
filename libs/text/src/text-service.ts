import { byteLevelPieces } from './byte-level-pieces.js';
import { TextError } from './errors.js';
import { loadTokenizer } from './load-tokenizer.js';
import { createByteLevelDecoder, createStreamDecoder } from './stream-decoder.js';
import type { StreamDecoder } from './stream-decoder.js';
import { TextWorkers } from './text-workers.js';
import type { TextStats } from './text-workers.js';
import type { ChatFields, EncodeTask, Vocabulary } from './worker-messages.js';

export interface TextServiceOptions {
  /** Folder with tokenizer.json, and tokenizer_config.json or chat_template.jinja for the chat template. */
  readonly tokenizerPath: string;
  /** JSON of an object: variables that every chat template gets, as the engine's `--default-chat-template-kwargs`; default none. */
  readonly templateVariables?: string | null;
  /** Worker threads; default 1. Each has its own tokenizer and cache. */
  readonly workerCount?: number;
  /** Requests in hand or waiting over all workers; default 1024. */
  readonly queueRequestsMax?: number;
  /** Ids cached per worker; default 2,000,000 (8 MB and the texts). */
  readonly cacheTokensMax?: number;
  /**
   * Whether `decode` and `createDecoder` are wanted; default true. They run on the caller's thread, which for that must load the
   * tokenizer too: up to a second of blocked event loop for a large vocabulary.
   */
  readonly isDecoding?: boolean;
}

export interface EncodeOptions {
  /** Aborted when nobody waits for the ids any more: encoding ends and what it held is freed. */
  readonly signal?: AbortSignal | undefined;
  /** More ids than this are not wanted: encoding ends as soon as there are more, or cannot be fewer. */
  readonly tokensMax?: number | undefined;
}

export interface EncodeTextOptions extends EncodeOptions {
  readonly addSpecialTokens?: boolean;
}

/** Text to ids on worker threads, ids to text on the caller's thread. Ids returned belong to the caller. */
export interface TextService {
  /** @throws TextError TEXT_TOKENIZER_MISSING, TEXT_TOKENIZER_INVALID, TEXT_WORKER_FAILED */
  start(): Promise<void>;
  /** Fails what is pending with TEXT_CLOSED. */
  close(): Promise<void>;
  /**
   * Renders the chat template and encodes; no tokens of a post-processor are added, for the template writes them itself.
   * @param request a chat request as it came: the bytes of its JSON, not to be changed until the ids are there. Bytes in a `SharedArrayBuffer` are read where
   * they lie, others are copied.
   * @throws TextError TEXT_REQUEST_INVALID, TEXT_TEMPLATE_REFUSED, TEXT_TEMPLATE_UNSUPPORTED, TEXT_ENCODING_FAILED, TEXT_OVER_LIMIT,
   * TEXT_UNSLICEABLE, TEXT_QUEUE_FULL, TEXT_WORKER_FAILED, TEXT_ABORTED, TEXT_CLOSED
   */
  encodeChat(request: Uint8Array | ChatFields, options?: EncodeOptions): Promise<Uint32Array>;
  /**
   * `addSpecialTokens` (default true) lets the post-processor add its tokens, e.g. a first one. Throws like `encodeChat`.
   * @param text or the bytes of its JSON, quotes included, which are read elsewhere than on the caller's thread.
   */
  encodeText(text: string | Uint8Array, options?: EncodeTextOptions): Promise<Uint32Array>;
  /** Special tokens give no text. @throws TextError TEXT_NOT_DECODING, TEXT_CLOSED */
  decode(ids: Iterable<number>): string;
  /** For one stream of ids. @throws TextError TEXT_NOT_DECODING, TEXT_CLOSED */
  createDecoder(): StreamDecoder;
  /** Number of ids, added tokens included. */
  vocabularySize(): number;
  /** Ids by text, e.g. `<|im_end|>`. */
  specialTokens(): ReadonlyMap<string, number>;
  stats(): TextStats;
}

interface Decoding {
  decode(ids: readonly number[]): string;
  createDecoder(): StreamDecoder;
}

interface Opened {
  readonly vocabulary: Vocabulary;
  readonly decoding: Decoding | null;
}

/** Nothing starts before `start`. @throws RangeError when a limit is not positive. */
export function createTextService(options: TextServiceOptions): TextService {
  const { tokenizerPath, workerCount = 1, queueRequestsMax = 1024, cacheTokensMax = 2_000_000 } = options;
  requirePositive('workerCount', workerCount);
  requirePositive('queueRequestsMax', queueRequestsMax);
  requirePositive('cacheTokensMax', cacheTokensMax);
  const { templateVariables = null } = options;
  const setup = { tokenizerPath, templateVariables, cacheTokensMax };
  const workers = new TextWorkers({ ...setup, workerCount, queueRequestsMax });
  let opened: Opened | null = null;

  const requireOpened = (): Opened => {
    if (opened === null) throw new TextError('TEXT_CLOSED', 'The text service is not started');
    return opened;
  };
  const requireDecoding = (): Decoding => {
    const { decoding } = requireOpened();
    if (decoding !== null) return decoding;
    throw new TextError('TEXT_NOT_DECODING', 'The text service was created with isDecoding: false');
  };
  const encode = async (task: EncodeTask, { signal, tokensMax }: EncodeOptions): Promise<Uint32Array> => {
    requireOpened();
    return await workers.encode(task, { signal, tokensMax });
  };
  const close = async (): Promise<void> => {
    opened = null;
    await workers.stop();
  };

  return {
    async start() {
      if (opened !== null) return;
      try {
        opened = {
          vocabulary: await workers.start(),
          decoding: (options.isDecoding ?? true) ? await loadDecoding(tokenizerPath) : null,
        };
      } catch (error) {
        await close();
        throw error;
      }
    },
    close,
    encodeChat: (request, options = {}) => encode({ kind: 'chat', body: bytesOf(request) }, options),
    encodeText: (text, options = {}) => encode(textTask(text, options), options),
    decode: (ids) => requireDecoding().decode([...ids]),
    createDecoder: () => requireDecoding().createDecoder(),
    vocabularySize: () => requireOpened().vocabulary.size,
    specialTokens: () => requireOpened().vocabulary.specialTokens,
    stats: () => workers.counts(),
  };
}

async function loadDecoding(tokenizerPath: string): Promise<Decoding> {
  const loading = await loadTokenizer(tokenizerPath);
  if (loading.kind !== 'loaded') {
    // The workers have just read the same files.
    throw new TextError('TEXT_TOKENIZER_INVALID', `${tokenizerPath} changed while it was read`);
  }
  const { loaded } = loading;
  const decode = (ids: readonly number[]): string =>
    ids.length === 0 ? '' : loaded.tokenizer.decode(ids, { skip_special_tokens: true });
  const pieceOf = byteLevelPieces(loaded);
  return {
    decode,
    createDecoder: () => (pieceOf === null ? createStreamDecoder(decode) : createByteLevelDecoder(pieceOf)),
  };
}

function textTask(text: string | Uint8Array, { addSpecialTokens = true }: EncodeTextOptions): EncodeTask {
  if (text instanceof Uint8Array) return { kind: 'json', body: text, addSpecialTokens };
  return { kind: 'text', text, addSpecialTokens };
}

function bytesOf(request: Uint8Array | ChatFields): Uint8Array {
  return request instanceof Uint8Array ? request : Buffer.from(JSON.stringify(request));
}

function requirePositive(name: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw new RangeError(`Cannot create a text service: ${name} must be a positive integer, received ${value}`);
}
