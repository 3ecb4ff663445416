import { systemClock } from '@kvasir/service';
import type { Clock } from '@kvasir/service';
import { Client, Pool } from 'undici';
import type { AnswerShape } from './answer-watch.js';
import { bodySlices } from './body-slices.js';
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
  /** The request has broken a connection before: it gets one of its own, and is not sent again. */
  readonly isSuspect?: boolean | undefined;
  readonly respond: Respond;
}

interface Connections {
  readonly pool: Pool;
  /** Makes a connection beside the pool's, for one exchange. */
  readonly connect: () => Client;
  /** Path of the base URL, put before each request's; usually empty. */
  readonly basePath: string;
  running: number;
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
  /** Connections of one exchange each. */
  readonly #apart = new Set<Client>();
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
   * When it goes over a kept connection and that breaks before the answer, the engine may have closed it while it was unused: it is sent once more, over
   * a connection of its own. One that breaks a connection of its own is at fault itself, or the engine is; it is not sent again.
   * @param url the engine's base URL.
   */
  async send(url: string, request: EngineRequest, options: SendOptions): Promise<ExchangeEnd> {
    const engine = this.#engine(url);
    const authorization = this.#authorizationOf(url);
    const sent = authorization === null ? request : withAuthorization(request, authorization);
    if (options.isSuspect === true) return await this.#sendApart(engine, sent, options);
    const mayBeStale = engine.pool.stats.free > 0;
    const end = await this.#exchange(engine, engine.pool, { request: sent, options });
    return mayBeStale && isBrokenUnanswered(end) ? await this.#sendApart(engine, sent, options) : end;
  }

  /** Ends all exchanges and connections. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const engines = [...this.#engines.values()];
    this.#engines.clear();
    const apart = [...this.#apart].map((client) => client.destroy());
    await Promise.all([...engines.map(({ pool }) => pool.destroy()), ...apart]);
  }

  async #sendApart(engine: Connections, request: EngineRequest, options: SendOptions): Promise<ExchangeEnd> {
    const client = engine.connect();
    this.#apart.add(client);
    try {
      return await this.#exchange(engine, client, { request, options });
    } finally {
      this.#apart.delete(client);
      void client.destroy();
    }
  }

  #exchange(
    engine: Connections,
    connections: Pool | Client,
    { request, options }: { readonly request: EngineRequest; readonly options: SendOptions },
  ): Promise<ExchangeEnd> {
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
          resolve(end);
        },
      });
      // The engine had left before anything was sent.
      if (exchange.isSettled) return;
      connections.dispatch(
        {
          path: engine.basePath + request.path,
          method: 'POST',
          headers: [...request.headers, 'content-length', String(request.body.length)],
          body: bodySlices(request.body) as Buffer,
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
    const options = {
      pipelining: 1,
      // The exchange knows what it waits for: tokens, not bytes.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: this.#limits.idleConnectionMs,
      keepAliveMaxTimeout: this.#limits.idleConnectionMs,
      connect: { timeout: this.#limits.connectTimeoutMs, noDelay: true },
    };
    const engine: Connections = {
      pool: new Pool(origin, options),
      connect: () => new Client(origin, options),
      basePath: pathname === '/' ? '' : pathname.replace(/\/$/, ''),
      running: 0,
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
