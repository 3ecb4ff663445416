import type { EngineAccess, EngineHttp } from './engine-http.js';

/** How an engine is doing. */
export type Sight =
  | { readonly kind: 'well' }
  /** Its health route is silent or odd, but it generates. */
  | { readonly kind: 'busy' }
  /** It says that it takes nothing new: it stops, or has gone. */
  | { readonly kind: 'refuses' }
  /** It neither answers nor shows that it works. */
  | {
      readonly kind: 'silent';
      readonly reason: string;
      /** A token was asked for meanwhile, and did not come. */
      readonly hasFailed: boolean;
    };

export interface EngineHealthParts {
  readonly http: Pick<EngineHttp, 'health' | 'generates'>;
  readonly healthTimeoutMs: number;
  /** Grows with everything that the engine is seen to do. */
  readonly progress: () => number;
  /** The model to try it with; null while nobody knows. */
  readonly model: () => Promise<string | null>;
}

const NO_ANSWER = 'its health route does not answer';
/** vLLM's answer once its engine is dead or it shuts down. */
const UNAVAILABLE = 503;

/**
 * Looks at one engine. Its health route is asked first; when that is slow, what the engine does counts for more: events, counters that grow, and, when
 * neither says anything, one generated token.
 */
export class EngineHealth {
  readonly #engine: EngineAccess;
  readonly #parts: EngineHealthParts;
  #progress = 0;
  #isTrying = false;
  /** What came of the last try, until it says nothing any more. */
  #hasGenerated = false;
  #hasFailed = false;

  constructor(engine: EngineAccess, parts: EngineHealthParts) {
    this.#engine = engine;
    this.#parts = parts;
  }

  /** Never rejects. */
  async look(): Promise<Sight> {
    const { http, healthTimeoutMs, progress } = this.#parts;
    const reply = await http.health(this.#engine, healthTimeoutMs);
    const [before, now] = [this.#progress, progress()];
    this.#progress = now;
    if (reply.kind === 'ok') return this.#works('well');
    if (reply.kind === 'refused') return { kind: 'refuses' };
    if (reply.kind === 'status' && reply.status === UNAVAILABLE) return { kind: 'refuses' };
    const hasWorked = now > before || this.#hasGenerated;
    if (hasWorked) return this.#works('busy');
    void this.#try();
    return {
      kind: 'silent',
      reason: reply.kind === 'status' ? `its health route answers ${reply.status}` : NO_ANSWER,
      hasFailed: this.#hasFailed,
    };
  }

  #works(kind: 'well' | 'busy'): Sight {
    this.#hasGenerated = false;
    this.#hasFailed = false;
    return { kind };
  }

  async #try(): Promise<void> {
    if (this.#isTrying) return;
    this.#isTrying = true;
    const model = await this.#parts.model();
    this.#hasGenerated = model !== null && (await this.#parts.http.generates(this.#engine, model));
    this.#hasFailed = !this.#hasGenerated;
    this.#isTrying = false;
  }
}
