import { systemClock } from '@kvasir/service';
import type { Clock } from '@kvasir/service';
import { Pool } from 'undici';
import type { AnswerShape } from './answer-watch.js';
import type { EngineLife } from './engine-life.js';
import { ENGINE_LIMITS } from './engine-limits.js';
import type { EngineLimits } from './engine-limits.js';
import { engineFailure } from './errors.js';
import { Exchange } from './exchange.js';
import type { ExchangeEnd, Respond } from './exchange.js';

/** One HTTP request to an engine. */
export interface EngineRequest {
  /** Below the engine's base URL, with its leading slash. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

export interface SendOptions {
  /** Ends the exchange: the engine sees its connection close and stops generating. */
  readonly signal?: AbortSignal | undefined;
  /** Of the engine, when somebody tells whether it is still there. */
  readonly life?: EngineLife | null | undefined;
  /** What it is asked for; sets what it may take. */
  readonly shape: AnswerShape;
  readonly respond: Respond;
}

interface Connections {
  readonly pool: Pool;
  /** Path of the base URL, put before each request's; usually empty. */
  readonly basePath: string;
  running: number;
  /** At least one exchange has completed, so that a kept connection may be met. */
  hasServed: boolean;
}

/**
 * Connections to all engines of a process, one pool per base URL. An exchange that finds `exchangesPerEngineMax` running fails at once: nothing waits here.
 */
export class EngineClient {
  readonly #limits: EngineLimits;
  readonly #clock: Clock;
  readonly #authorizationOf: (url: string) => string | null;
  /** By base URL, the one used last at the end. */
  readonly #engines = new Map<string, Connections>();
  #isClosed = false;

  /** @param authorizationOf the header `authorization` that an engine needs, in the place of a client's; null for one that needs none. */
  constructor(
    limits: Partial<EngineLimits> = {},
    clock: Clock = systemClock,
    authorizationOf: (url: string) => string | null = () => null,
  ) {
    this.#authorizationOf = authorizationOf;
    this.#limits = { ...ENGINE_LIMITS, ...limits };
    this.#clock = clock;
  }

  get limits(): EngineLimits {
    return this.#limits;
  }

  /** Exchanges that run now, over all engines. */
  get runningExchanges(): number {
    let running = 0;
    for (const engine of this.#engines.values()) running += engine.running;
    return running;
  }

  /**
   * Sends a request and hands the answer over as it comes. Never rejects.
   * A connection that the engine had closed while it was unused is tried anew (`staleResendsMax`); generating has no effect that a second sending would double.
   * @param url the engine's base URL.
   */
  async send(url: string, request: EngineRequest, options: SendOptions): Promise<ExchangeEnd> {
    const engine = this.#engine(url);
    const authorization = this.#authorizationOf(url);
    const authorized = authorization === null ? request : withAuthorization(request, authorization);
    for (let resends = 0; ; resends += 1) {
      const mayBeStale = engine.hasServed && resends < this.#limits.staleResendsMax;
      const end = await this.#exchange(engine, authorized, options);
      if (!mayBeStale || !isBrokenUnanswered(end)) return end;
    }
  }

  /** Ends all exchanges and connections. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const engines = [...this.#engines.values()];
    this.#engines.clear();
    await Promise.all(engines.map(({ pool }) => pool.destroy()));
  }

  #exchange(engine: Connections, request: EngineRequest, options: SendOptions): Promise<ExchangeEnd> {
    const signal = options.signal ?? null;
    if (signal?.aborted === true) return Promise.resolve({ kind: 'aborted' });
    if (this.#isClosed) return Promise.resolve(CLOSED);
    if (engine.running >= this.#limits.exchangesPerEngineMax) return Promise.resolve(BUSY);
    engine.running += 1;
    return new Promise((resolve) => {
      const exchange = new Exchange({
        respond: options.respond,
        signal,
        shape: options.shape,
        life: options.life ?? null,
        clock: this.#clock,
        limits: this.#limits,
        settle: (end) => {
          engine.running -= 1;
          if (end.kind === 'completed') engine.hasServed = true;
          resolve(end);
        },
      });
      // The engine had left before anything was sent.
      if (exchange.isSettled) return;
      engine.pool.dispatch(
        {
          path: engine.basePath + request.path,
          method: 'POST',
          headers: request.headers as string[],
          body: request.body,
        },
        exchange,
      );
    });
  }

  #engine(url: string): Connections {
    const known = this.#engines.get(url);
    if (known !== undefined) {
      // Kept in order of use; only worth its cost when something may have to go.
      if (this.#engines.size * 2 > this.#limits.enginesMax) {
        this.#engines.delete(url);
        this.#engines.set(url, known);
      }
      return known;
    }
    if (this.#engines.size >= this.#limits.enginesMax) this.#letUnusedGo();
    const { origin, pathname } = new URL(url);
    const engine: Connections = {
      pool: new Pool(origin, {
        pipelining: 1,
        // The exchange knows what it waits for: tokens, not bytes.
        headersTimeout: 0,
        bodyTimeout: 0,
        keepAliveTimeout: this.#limits.idleConnectionMs,
        keepAliveMaxTimeout: this.#limits.idleConnectionMs,
        connect: { timeout: this.#limits.connectTimeoutMs, noDelay: true },
      }),
      basePath: pathname === '/' ? '' : pathname.replace(/\/$/, ''),
      running: 0,
      hasServed: false,
    };
    this.#engines.set(url, engine);
    return engine;
  }

  #letUnusedGo(): void {
    for (const [url, engine] of this.#engines) {
      if (engine.running > 0) continue;
      this.#engines.delete(url);
      void engine.pool.destroy();
      return;
    }
  }
}

/** The engine's key stands in the place of what a client may have sent for us. */
function withAuthorization(request: EngineRequest, authorization: string): EngineRequest {
  const headers = ['authorization', authorization];
  for (let at = 0; at + 1 < request.headers.length; at += 2) {
    const [name = '', value = ''] = request.headers.slice(at, at + 2);
    if (name !== 'authorization') headers.push(name, value);
  }
  return { ...request, headers };
}

const BUSY: ExchangeEnd = {
  kind: 'failed',
  failure: engineFailure('ENGINE_NO_CONNECTION', 'The engine has as many running requests as it may', {
    wasSent: false,
  }),
  head: null,
};

const CLOSED: ExchangeEnd = {
  kind: 'failed',
  failure: engineFailure('ENGINE_CLIENT_CLOSED', 'The connections are closed', { wasSent: false }),
  head: null,
};

function isBrokenUnanswered(end: ExchangeEnd): boolean {
  return end.kind === 'failed' && end.head === null && end.failure.code === 'ENGINE_DISCONNECTED';
}
