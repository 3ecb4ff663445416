import type { PromptRequest } from '@kvasir/openai';
import type { EndpointDirectory } from '../directory.js';
import type { UntokenizedReason } from '../metrics.js';
import type { EngineRenderer, RenderShortfall } from '../rendering/engine-renderer.js';
import type { RenderedPrompts } from '../rendering/render-answer.js';
import { promptShape } from '../rendering/prompt-shape.js';
import type { TokenSource } from '../rendering/rendering-options.js';
import type { ShapeBook } from '../rendering/shape-book.js';
import { proveShapes } from '../rendering/shape-proof.js';
import { joined, knownTokens } from './prompt-encoder.js';
import type { Encoding, PromptEncoder } from './prompt-encoder.js';
import type { PromptLimit } from './prompt-limit.js';

/** What is asked of the pool that a request is for. */
export type TokenizedPool = Pick<
  EndpointDirectory,
  'tokenizerPath' | 'model' | 'serving' | 'workersWithout' | 'lookUp'
>;

export interface TokensTarget {
  readonly pool: TokenizedPool;
  /** Aborted when nobody waits for the tokens any more. */
  readonly signal: AbortSignal;
  readonly limit: PromptLimit;
}

export interface PromptTokensParts {
  readonly source: TokenSource;
  readonly local: PromptEncoder;
  readonly renderer: EngineRenderer;
  /** Asked in the place of the pool's engines; empty asks those. */
  readonly rendererUrls: readonly string[];
  readonly shapes: ShapeBook;
}

/** The ids of requests' prompts, from whom they are to be had. */
export class PromptTokens {
  readonly #parts: PromptTokensParts;
  readonly #closing = new AbortController();
  /** Who was last proved against, by model. */
  readonly #proofs = new Map<string, string>();

  constructor(parts: PromptTokensParts) {
    this.#parts = parts;
  }

  /** False while a tokenizer is being loaded. */
  get isSettled(): boolean {
    return this.#parts.local.isSettled;
  }

  /** Bytes of the bodies whose text waits or is being encoded here. */
  get bytesInHand(): number {
    return this.#parts.local.bytesInHand;
  }

  /** @throws TextError when the configured tokenizer cannot be used. */
  async start(): Promise<void> {
    if (this.#rendersHere) await this.#parts.local.start();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#parts.local.close();
  }

  /** Starts loading what workers name, and proves what is rendered here against the first of them, anew whenever that is another one. */
  prepare(pool: TokenizedPool): void {
    if (!this.#rendersHere) return;
    this.#parts.local.prepare(pool.tokenizerPath);
    const [first] = pool.serving;
    const { model } = pool;
    if (this.#parts.source !== 'auto' || model === null || first === undefined) return;
    if (!this.#parts.local.tokenizerFor(pool.tokenizerPath).hasTokenizer) return;
    const proof = `${first.workerId} ${first.incarnation} ${pool.tokenizerPath ?? ''}`;
    if (this.#proofs.get(model) === proof) return;
    if (this.#proofs.has(model)) {
      this.#parts.renderer.forget();
      this.#parts.shapes.clear();
    }
    this.#proofs.set(model, proof);
    void this.#prove(model, pool);
  }

  /** An engine has counted other tokens in a prompt that was rendered here. */
  contradicted(request: PromptRequest, ownTokens: number, engineTokens: number): void {
    const shape = promptShape(request);
    this.#parts.shapes.contradicted({ shape, reason: 'usage', ownTokens, engineTokens });
  }

  /** What is known of the tokenizer of a model whose workers name this one. */
  tokenizerFor(workersPath: string | null): ReturnType<PromptEncoder['tokenizerFor']> {
    const { local, renderer } = this.#parts;
    // Whoever chose to have none here need not be told.
    if (!this.#rendersHere) return { tokenizerPath: null, tokenizerProblem: null, hasTokenizer: true };
    const known = local.tokenizerFor(workersPath);
    return { ...known, hasTokenizer: known.hasTokenizer || renderer.hasRendered };
  }

  /** Never rejects, unless there is a fault in the program. */
  async encode(request: PromptRequest, target: TokensTarget): Promise<Encoding> {
    const known = knownTokens(request, target.limit);
    if (known !== null) return known;
    switch (this.#parts.source) {
      case 'bytes':
        return { kind: 'unknown', reason: 'noTokenizer' };
      case 'engine':
        return await this.#ask(request, target);
      case 'local':
        return await this.#encodeHere(request, target);
      case 'auto':
        return await this.#encodeOrAsk(request, target);
    }
  }

  get #rendersHere(): boolean {
    const { source } = this.#parts;
    return source === 'auto' || source === 'local';
  }

  async #encodeHere(request: PromptRequest, { pool, signal, limit }: TokensTarget): Promise<Encoding> {
    const { tokenizerPath } = pool;
    return await this.#parts.local.encode(request, { tokenizerPath, signal, limit });
  }

  async #prove(model: string, pool: TokenizedPool): Promise<void> {
    const target = { pool, signal: this.#closing.signal, limit: { tokensMax: Infinity, keptTokens: null } };
    const idsOf = (encoding: Encoding): Uint32Array | null =>
      encoding.kind === 'ok' ? encoding.tokens : null;
    await proveShapes(model, this.#parts.shapes, {
      here: async (request) => idsOf(await this.#encodeHere(request, target)),
      engine: async (request) => idsOf(await this.#ask(request, target)),
    });
  }

  async #encodeOrAsk(request: PromptRequest, target: TokensTarget): Promise<Encoding> {
    if (this.#parts.shapes.isOfEngine(promptShape(request))) {
      const asked = await this.#ask(request, target);
      if (asked.kind !== 'unknown') return asked;
    }
    const here = await this.#encodeHere(request, target);
    if (here.kind === 'ok') return { ...here, isRenderedHere: true };
    if (here.kind !== 'unknown' || !ENGINE_MAY_KNOW.has(here.reason)) return here;
    const asked = await this.#ask(request, target);
    // What is known here of its beginning is more than nothing.
    return asked.kind === 'unknown' ? here : asked;
  }

  async #ask(request: PromptRequest, { pool, signal }: TokensTarget): Promise<Encoding> {
    const { renderer, rendererUrls } = this.#parts;
    const isOfEngines = rendererUrls.length === 0;
    const urls = isOfEngines ? urlsOf(pool, request.model) : rendererUrls;
    // A renderer knows no adapters, which change no prompt.
    const model = isOfEngines ? request.model : (pool.lookUp(request.model)?.model ?? request.model);
    const outcome = await renderer.render(request, { model, urls, signal });
    if (outcome.kind === 'rendered') return encodingOf(outcome.rendered);
    return outcome.why === 'ended'
      ? { kind: 'ended' }
      : { kind: 'unknown', reason: UNTOKENIZED[outcome.why] };
  }
}

/** What this process lacks and an engine has. What an engine would refuse or what is too much for now is not asked for. */
const ENGINE_MAY_KNOW: ReadonlySet<UntokenizedReason> = new Set([
  'noTokenizer',
  'templateUnsupported',
  'encodingFailed',
  'unsliceable',
] as const);

const UNTOKENIZED: Readonly<Record<Exclude<RenderShortfall, 'ended'>, UntokenizedReason>> = {
  noRoute: 'noRenderer',
  busy: 'rendersBusy',
  timeout: 'renderTimeout',
  refused: 'renderRefused',
  failed: 'renderFailed',
};

/** Those that answer to this name and have a render route as far as is known here. */
function urlsOf(pool: TokenizedPool, model: string): readonly string[] {
  const without = new Set(pool.workersWithout(model));
  return pool.serving
    .filter(({ workerId, dialect }) => dialect === 'vllm' && !without.has(workerId))
    .map(({ url }) => url);
}

/** Up to the first part that is no text: equal ids from there on are not equal content. */
function encodingOf({ prompts, firstMediaToken }: RenderedPrompts): Encoding {
  const encoding = joined(prompts);
  return encoding.kind === 'ok' && firstMediaToken !== null
    ? { ...encoding, tokens: encoding.tokens.slice(0, firstMediaToken) }
    : encoding;
}
