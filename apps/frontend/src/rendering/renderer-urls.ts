import type { Clock } from '@kvasir/service';
import type { RenderRoute } from './render-call.js';

/** How long a place whose render failed is asked last. */
export const REST_MS = 5_000;
/** How long it is believed that a place has no such route: another program may answer at its URL one day. */
export const ROUTE_MEMORY_MS = 60_000;
/** Places that something is remembered of. */
const PLACES_MAX = 4_096;

interface Place {
  /** Null: it has none. */
  readonly route: RenderRoute | null;
  readonly routeUntilMs: number;
  readonly restUntilMs: number;
}

const UNKNOWN: Place = { route: 'render', routeUntilMs: Infinity, restUntilMs: 0 };

/** Places that can be asked for renders: which is next, and which route it has. What is learnt here says nothing of how well a worker generates. */
export class RendererUrls {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #places = new Map<string, Place>();
  #turn = 0;

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  /** The places in the order to be asked: in turn, those that have failed of late last. */
  inOrder(urls: readonly string[]): readonly string[] {
    this.#turn = (this.#turn + 1) % Math.max(1, urls.length);
    const turned = [...urls.slice(this.#turn), ...urls.slice(0, this.#turn)];
    const nowMs = this.#clock.nowMs();
    const rests = (url: string): boolean => this.#of(url).restUntilMs > nowMs;
    return [...turned.filter((url) => !rests(url)), ...turned.filter(rests)];
  }

  /** Null when a place has no route for it, so far as is known. */
  routeOf(url: string): RenderRoute | null {
    return this.#of(url).route;
  }

  /** A place does not know a route: the next one is tried. */
  lacks(url: string, route: RenderRoute): void {
    const routeUntilMs = this.#clock.nowMs() + ROUTE_MEMORY_MS;
    this.#set(url, { ...this.#of(url), route: route === 'render' ? 'tokenize' : null, routeUntilMs });
  }

  failed(url: string): void {
    this.#set(url, { ...this.#of(url), restUntilMs: this.#clock.nowMs() + REST_MS });
  }

  clear(): void {
    this.#places.clear();
  }

  #of(url: string): Place {
    const known = this.#places.get(url) ?? UNKNOWN;
    return known.routeUntilMs > this.#clock.nowMs() ? known : { ...UNKNOWN, restUntilMs: known.restUntilMs };
  }

  #set(url: string, place: Place): void {
    if (this.#places.size >= PLACES_MAX && !this.#places.has(url)) this.#places.clear();
    this.#places.set(url, place);
  }
}
