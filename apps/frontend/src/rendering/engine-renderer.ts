import { createHash } from 'node:crypto';
import { callEngine } from '@kvasir/engines';
import type { EngineAnswer, EngineClient, EngineRequest } from '@kvasir/engines';
import type { PromptRequest } from '@kvasir/openai';
import type { Clock } from '@kvasir/service';
import type { FrontendMetrics } from '../metrics.js';
import { Patience } from '../serving/patience.js';
import { readRenderAnswer } from './render-answer.js';
import type { RenderedPrompts } from './render-answer.js';
import { RenderCache } from './render-cache.js';
import { renderCall } from './render-call.js';
import type { RenderRoute } from './render-call.js';
import { RendererUrls } from './renderer-urls.js';

/** Places that one prompt is tried at. */
const PLACES_PER_RENDER_MAX = 2;

/** Why there are no ids of an engine. */
export type RenderShortfall =
  /** Nobody there can be asked for such a request. */
  | 'noRoute'
  /** As many renders are in flight as may. */
  | 'busy'
  | 'timeout'
  /** The engine says that it will refuse the request. */
  | 'refused'
  | 'failed'
  /** Nobody waits for the ids any more. */
  | 'ended';

export type RenderOutcome =
  | { readonly kind: 'rendered'; readonly rendered: RenderedPrompts }
  | { readonly kind: 'none'; readonly why: RenderShortfall };

export interface EngineRendererOptions {
  readonly engines: EngineClient;
  readonly clock: Clock;
  readonly metrics: Pick<FrontendMetrics, 'renders'>;
  readonly timeoutMs: number;
  readonly rendersMax: number;
  /** Bodies that are being rendered, together. */
  readonly bytesMax: number;
  readonly cacheBytesMax: number;
}

export interface RenderTarget {
  /** As the engines call it. */
  readonly model: string;
  /** Base URLs of those that can be asked. */
  readonly urls: readonly string[];
  /** Aborted when nobody waits for the ids any more. */
  readonly signal: AbortSignal;
}

/**
 * Asks engines, or a renderer without a GPU, what ids they make of a request. Bounded in time, in number and, for what is remembered, in bytes.
 * What fails here costs affinity and nothing else: no worker is thought less of for it.
 */
export class EngineRenderer {
  readonly #options: EngineRendererOptions;
  readonly #cache: RenderCache;
  readonly #urls: RendererUrls;
  #inFlight = 0;
  #bytesInFlight = 0;
  #hasRendered = false;

  constructor(options: EngineRendererOptions) {
    this.#options = options;
    this.#cache = new RenderCache(options.cacheBytesMax);
    this.#urls = new RendererUrls(options.clock);
  }

  /** Renders that are waited for. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** An engine has answered with ids. */
  get hasRendered(): boolean {
    return this.#hasRendered;
  }

  get cacheBytes(): number {
    return this.#cache.bytes;
  }

  /** Engines have changed: what was learnt of them may hold no more. */
  forget(): void {
    this.#cache.clear();
    this.#urls.clear();
  }

  /** Never rejects, unless there is a fault in the program. */
  async render(request: PromptRequest, target: RenderTarget): Promise<RenderOutcome> {
    const call = renderCall(request, target.model, 'render');
    const key = call === null ? '' : keyOf(call);
    const known = this.#cache.get(key);
    if (known !== null) {
      this.#options.metrics.renders.inc({ outcome: 'cached' });
      return { kind: 'rendered', rendered: known };
    }
    const outcome = await this.#ask(request, target);
    if (outcome.kind === 'rendered') {
      this.#hasRendered = true;
      this.#cache.set(key, outcome.rendered);
    }
    this.#options.metrics.renders.inc({ outcome: outcome.kind === 'rendered' ? outcome.kind : outcome.why });
    return outcome;
  }

  async #ask(request: PromptRequest, target: RenderTarget): Promise<RenderOutcome> {
    const { rendersMax, bytesMax } = this.#options;
    const bytes = request.body.bytes.byteLength;
    if (this.#inFlight >= rendersMax || this.#bytesInFlight + bytes > bytesMax) return none('busy');
    this.#inFlight += 1;
    this.#bytesInFlight += bytes;
    const patience = new Patience(this.#options, target.signal);
    try {
      let last: RenderOutcome = none('noRoute');
      const places = this.#urls.inOrder(target.urls).filter((url) => this.#urls.routeOf(url) !== null);
      for (const url of places.slice(0, PLACES_PER_RENDER_MAX)) {
        last = await this.#askAt(url, request, { model: target.model, patience });
        if (last.kind === 'rendered' || (last.why !== 'failed' && last.why !== 'noRoute')) return last;
      }
      return last;
    } finally {
      patience.release();
      this.#inFlight -= 1;
      this.#bytesInFlight -= bytes;
    }
  }

  /** By the best route that the place has. */
  async #askAt(
    url: string,
    request: PromptRequest,
    { model, patience }: { readonly model: string; readonly patience: Patience },
  ): Promise<RenderOutcome> {
    for (let route = this.#urls.routeOf(url); route !== null; route = this.#urls.routeOf(url)) {
      const call = renderCall(request, model, route);
      if (call === null) return none('noRoute');
      const answer = await callEngine(this.#options.engines, { url }, call, { signal: patience.signal });
      if (patience.end !== null) return this.#late(url, patience);
      if (!isMissing(answer)) return this.#outcomeOf(url, route, answer);
      this.#urls.lacks(url, route);
    }
    return none('noRoute');
  }

  #late(url: string, { end }: Patience): RenderOutcome {
    if (end !== 'timeout') return none('ended');
    this.#urls.failed(url);
    return none('timeout');
  }

  #outcomeOf(url: string, route: RenderRoute, answer: EngineAnswer): RenderOutcome {
    if (answer.kind === 'ok') {
      const rendered = readRenderAnswer(route, answer.bytes);
      if (rendered !== null) return { kind: 'rendered', rendered };
    } else if (answer.kind === 'failed' && answer.failure.outcome === 'clientFault') {
      return none('refused');
    }
    this.#urls.failed(url);
    return none('failed');
  }
}

function none(why: RenderShortfall): RenderOutcome {
  return { kind: 'none', why };
}

function keyOf({ path, body }: EngineRequest): string {
  return createHash('sha256').update(path).update('\0').update(body).digest('base64');
}

/** What servers say of a path that they do not know; of a model that they do not know they say more. */
function isMissing(answer: EngineAnswer): boolean {
  if (answer.kind !== 'failed') return false;
  const { status } = answer.failure;
  return status === 405 || status === 501 || (status === 404 && answer.error?.message === 'Not Found');
}
