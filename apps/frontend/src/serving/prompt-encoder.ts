import { openAiError } from '@kvasir/openai';
import type { PromptRequest, CompletionPrompt, OpenAiError } from '@kvasir/openai';
import type { ServedModel } from '@kvasir/self-check';
import type { Clock, Logger } from '@kvasir/service';
import { createTextService, TextError } from '@kvasir/text';
import type { TextErrorCode, TextService } from '@kvasir/text';
import type { UntokenizedReason } from '../metrics.js';
import { Patience } from './patience.js';
import { keptOf } from './prompt-limit.js';
import type { PromptLimit } from './prompt-limit.js';

/** Tokenizers that are kept at a time; more pools than this with tokenizers of their own are routed by load alone. */
export const TOKENIZERS_MAX = 8;
/** Tokenizers that cannot be used and are remembered with the reason; further ones are in the log only. */
const PROBLEMS_MAX = 64;

/** Different reasons that are told in the log; further ones are only counted. */
const TOLD_MAX = 100;

/** What the encoder needs of a text service. */
export type PromptText = Pick<TextService, 'encodeChat' | 'encodeText'>;

export type Encoding =
  | {
      readonly kind: 'ok';
      /** Of all prompts, one after the other: the first one's blocks can be found in caches, all of them are work. */
      readonly tokens: Uint32Array;
      /** Of the longest prompt, as the engine takes it. */
      readonly longestPromptTokens: number;
      /** The engine's own count of the same prompt is to be the same. */
      readonly isRenderedHere?: true;
    }
  /** A prompt has more tokens than it may; it was not encoded to its end. */
  | { readonly kind: 'over' }
  /** Tokens cannot be had, or not in time: it costs affinity, never service. */
  | {
      readonly kind: 'unknown';
      readonly reason: UntokenizedReason;
      /** How the prompt begins, where that is known. */
      readonly beginning?: Uint32Array;
    }
  /** The request ended while it was encoded. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly error: OpenAiError };

/** What one prompt is encoded for. */
export interface EncodeTarget {
  /** The tokenizer that the model's workers name. */
  readonly tokenizerPath: string | null;
  /** Aborted when nobody waits for the tokens any more. */
  readonly signal: AbortSignal;
  readonly limit: PromptLimit;
}

export interface PromptEncoderOptions {
  /** Used for every model; null makes one per tokenizer that workers name. */
  readonly text: PromptText | null;
  /** Wins over what workers say. */
  readonly tokenizerPath: string | null;
  /** JSON of an object: variables that every chat template gets; null for none. */
  readonly templateVariables: string | null;
  readonly workerCount: number;
  readonly cacheTokensMax: number;
  /** Bodies whose text waits or is being encoded, together; beyond, load decides. */
  readonly bytesMax: number;
  /** How long encoding may take, the wait for a tokenizer included; then load decides. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Turns requests into token ids, off the event loop; a prompt of ids is what it is. Bounded in bytes and in time: what is beyond is served
 * without tokens.
 */
export class PromptEncoder {
  readonly #options: PromptEncoderOptions;
  readonly #texts = new Map<string, { readonly text: TextService; readonly started: Promise<boolean> }>();
  readonly #told = new Set<string>();
  /** Why tokenizers cannot be used, by path. */
  readonly #problems = new Map<string, string>();
  #loading = 0;
  #bytesInHand = 0;

  constructor(options: PromptEncoderOptions) {
    this.#options = options;
  }

  /** False while a tokenizer is being loaded. */
  get isSettled(): boolean {
    return this.#loading === 0;
  }

  /** What is known of the tokenizer of a model whose workers name this one. */
  tokenizerFor(workersPath: string | null): Omit<ServedModel, 'model'> {
    if (this.#options.text !== null)
      return { tokenizerPath: null, tokenizerProblem: null, hasTokenizer: true };
    const tokenizerPath = this.#options.tokenizerPath ?? workersPath;
    const tokenizerProblem = tokenizerPath === null ? null : (this.#problems.get(tokenizerPath) ?? null);
    const hasTokenizer = tokenizerPath !== null && tokenizerProblem === null;
    return { tokenizerPath, tokenizerProblem, hasTokenizer };
  }

  /** Bytes of the bodies whose text waits or is being encoded. */
  get bytesInHand(): number {
    return this.#bytesInHand;
  }

  /** Loads the tokenizer of a configured path, if there is one. @throws TextError when it cannot be used. */
  async start(): Promise<void> {
    const { text, tokenizerPath } = this.#options;
    if (text !== null || tokenizerPath === null) return;
    const loaded = this.#create(tokenizerPath);
    this.#texts.set(tokenizerPath, { text: loaded, started: Promise.resolve(true) });
    await loaded.start();
  }

  /** Starts loading what a worker names, so that it is there when the first request comes. */
  prepare(workersPath: string | null): void {
    const { text, tokenizerPath } = this.#options;
    if (text !== null || tokenizerPath !== null || workersPath === null) return;
    if (this.#texts.has(workersPath)) return;
    if (this.#texts.size >= TOKENIZERS_MAX) {
      if (this.#problems.has(workersPath)) return;
      this.#noteProblem(workersPath, `no more than ${TOKENIZERS_MAX} tokenizers are kept`);
      this.#options.logger.warn({ tokenizerPath: workersPath, TOKENIZERS_MAX }, 'too many tokenizers');
      return;
    }
    const made = this.#create(workersPath);
    this.#texts.set(workersPath, { text: made, started: this.#load(made, workersPath) });
  }

  /** Never rejects, unless there is a fault in the program. */
  async encode(request: PromptRequest, target: EncodeTarget): Promise<Encoding> {
    const known = knownTokens(request, target.limit);
    if (known !== null) return known;
    const bytes = request.body.bytes.byteLength;
    if (this.#bytesInHand + bytes > this.#options.bytesMax) return unknown('textBytes');
    this.#bytesInHand += bytes;
    const patience = new Patience(this.#options, target.signal);
    try {
      const text = await patience.await(this.#textOf(target.tokenizerPath));
      if (text === undefined) return outcomeOf(patience);
      if (text === null) return unknown('noTokenizer');
      return await encodeWith(text, request, { limit: target.limit, signal: patience.signal });
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      if (patience.end !== null) return outcomeOf(patience);
      if (error.code === 'TEXT_OVER_LIMIT') return { kind: 'over' };
      const reason = UNTOKENIZED[error.code];
      if (reason === undefined)
        return { kind: 'failed', error: openAiError('tokenizer_failed', error.message) };
      this.#tellOnce(reason, error, target);
      return unknown(reason, error.beginning);
    } finally {
      patience.release();
      this.#bytesInHand -= bytes;
    }
  }

  /** What a renderer lacks is told once: requests of one conversation would repeat it with every turn. */
  #tellOnce(reason: UntokenizedReason, error: TextError, { tokenizerPath }: EncodeTarget): void {
    if (reason !== 'templateUnsupported' && reason !== 'encodingFailed') return;
    const path = this.#options.tokenizerPath ?? tokenizerPath;
    const what = `${path ?? ''} ${error.message}`;
    if (this.#told.has(what) || this.#told.size >= TOLD_MAX) return;
    this.#told.add(what);
    this.#options.logger.warn(
      { reason, error, tokenizerPath: path },
      'prompts cannot be rendered here: routing without their tokens',
    );
  }

  async close(): Promise<void> {
    const texts = [...this.#texts.values()];
    this.#texts.clear();
    await Promise.all(texts.map(({ text }) => text.close()));
  }

  async #textOf(workersPath: string | null): Promise<PromptText | null> {
    if (this.#options.text !== null) return this.#options.text;
    const path = this.#options.tokenizerPath ?? workersPath;
    if (path === null) return null;
    this.prepare(path);
    const entry = this.#texts.get(path);
    return entry !== undefined && (await entry.started) ? entry.text : null;
  }

  #create(tokenizerPath: string): TextService {
    const { workerCount, cacheTokensMax, templateVariables } = this.#options;
    return createTextService({ tokenizerPath, workerCount, cacheTokensMax, templateVariables });
  }

  #noteProblem(tokenizerPath: string, problem: string): void {
    if (this.#problems.size < PROBLEMS_MAX) this.#problems.set(tokenizerPath, problem);
  }

  /** A tokenizer that cannot be used costs affinity, not service: engines have their own. */
  async #load(text: TextService, tokenizerPath: string): Promise<boolean> {
    this.#loading += 1;
    try {
      await text.start();
      return true;
    } catch (error) {
      this.#noteProblem(tokenizerPath, error instanceof Error ? error.message : String(error));
      this.#options.logger.error({ error, tokenizerPath }, 'tokenizer cannot be used: routing by load alone');
      return false;
    } finally {
      this.#loading -= 1;
    }
  }
}

/** What the text service could not do that an engine can: it has a tokenizer of its own. */
const UNTOKENIZED: Partial<Record<TextErrorCode, UntokenizedReason>> = {
  TEXT_ENCODING_FAILED: 'encodingFailed',
  TEXT_REQUEST_INVALID: 'requestInvalid',
  TEXT_TEMPLATE_REFUSED: 'templateRefused',
  TEXT_TEMPLATE_UNSUPPORTED: 'templateUnsupported',
  TEXT_QUEUE_FULL: 'queueFull',
  TEXT_WORKER_FAILED: 'workerFailed',
  TEXT_UNSLICEABLE: 'unsliceable',
};

const NO_TOKENS = new Uint32Array(0);

function unknown(reason: UntokenizedReason, beginning: Uint32Array = NO_TOKENS): Encoding {
  return { kind: 'unknown', reason, ...(beginning.length === 0 ? {} : { beginning }) };
}

/** Of waiting that came to its end without tokens. */
function outcomeOf({ end }: Patience): Encoding {
  return end === 'timeout' ? unknown('timeout') : { kind: 'ended' };
}

type EncodeFor = Pick<EncodeTarget, 'limit' | 'signal'>;

async function encodeWith(text: PromptText, request: PromptRequest, options: EncodeFor): Promise<Encoding> {
  if (request.kind === 'completion') return joined(await encodePrompts(text, request.prompts, options));
  const { limit, signal } = options;
  const { tokensMax } = limit;
  const tokens = keptOf(await text.encodeChat(request.body.bytes, { signal, tokensMax }), limit);
  return { kind: 'ok', tokens, longestPromptTokens: tokens.length };
}

/** Of prompts that are ids already; null when one is a text. */
export function knownTokens(request: PromptRequest, limit: PromptLimit): Encoding | null {
  if (request.kind !== 'completion') return null;
  const known: Uint32Array[] = [];
  for (const prompt of request.prompts) {
    if (prompt.kind === 'text') return null;
    known.push(keptOf(prompt.tokens, limit));
  }
  return joined(known);
}

async function encodePrompts(
  text: PromptText,
  prompts: readonly CompletionPrompt[],
  { limit, signal }: EncodeFor,
): Promise<readonly Uint32Array[]> {
  return await Promise.all(
    prompts.map(async (prompt) => {
      if (prompt.kind === 'tokens') return keptOf(prompt.tokens, limit);
      const { tokensMax } = limit;
      return keptOf(await text.encodeText(prompt.json, { signal, tokensMax }), limit);
    }),
  );
}

/** The ids of a request with these prompts. */
export function joined(prompts: readonly Uint32Array[]): Encoding {
  const [only] = prompts;
  if (prompts.length === 1 && only !== undefined) {
    return { kind: 'ok', tokens: only, longestPromptTokens: only.length };
  }
  const tokens = new Uint32Array(prompts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const prompt of prompts) {
    tokens.set(prompt, offset);
    offset += prompt.length;
  }
  return { kind: 'ok', tokens, longestPromptTokens: Math.max(...prompts.map(({ length }) => length)) };
}
