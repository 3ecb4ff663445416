import type { DialectName } from '@kvasir/contract';
import { parseExactJson } from '@kvasir/engine-events';
import { dialectOf } from '@kvasir/engines';
import type { ApiKey } from '@kvasir/engines';
import type { EngineWork } from '@kvasir/self-check';
import { Agent, request } from 'undici';
import { cacheConfigInfo, NO_CACHE_FACTS, NO_MODEL_FACTS, readModels, serverInfo } from './engine-facts.js';
import type { CacheFacts, EngineFacts } from './engine-facts.js';
import {
  sglangLoads,
  sglangMetricLoads,
  trtllmLoads,
  vllmLoads,
  vllmWork,
  workDone,
} from './engine-loads.js';
import type { EngineLoads } from './engine-loads.js';

/** How an engine is reached. */
export interface EngineAccess {
  /** With its path, without a trailing slash. */
  readonly url: string;
  readonly dialect: DialectName;
  /** Null when its API asks for none. */
  readonly apiKey: Pick<ApiKey, 'authorization'> | null;
}

/** What came of asking an engine something. */
export type EngineReply =
  | { readonly kind: 'ok'; readonly text: string }
  | { readonly kind: 'status'; readonly status: number }
  /** Nobody takes the connection: the process has gone, or takes nothing new. */
  | { readonly kind: 'refused' }
  /** No answer in time, or one that broke off. */
  | { readonly kind: 'silent' };

/** What an engine says of its load, and how much it has done so far in a unit of its own; null when it does not say. */
export interface LoadReading {
  readonly loads: EngineLoads;
  readonly workDone: number | null;
  /** In tokens and requests; null when it does not say. */
  readonly work: EngineWork | null;
}

/** How long facts and loads are waited for. */
const TIMEOUT_MS = 2_000;
/** How long an engine may take for one token before it counts as one that does not generate. */
const GENERATION_TIMEOUT_MS = 5_000;
const BODY_BYTES_MAX = 4_194_304;
/** Nobody listens, or the listener is being closed. */
const REFUSED = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'UND_ERR_SOCKET']);

interface Call {
  readonly method?: 'GET' | 'POST';
  readonly headers?: readonly string[];
  readonly body?: Buffer;
  readonly timeoutMs?: number;
}

/** Asks engines over HTTP. Never throws. */
export class EngineHttp {
  readonly #agent = new Agent({
    connect: { timeout: TIMEOUT_MS },
    maxResponseSize: BODY_BYTES_MAX,
  });

  async health(engine: EngineAccess, timeoutMs: number): Promise<EngineReply> {
    return await this.#call(engine, '/health', { timeoutMs });
  }

  async facts(engine: EngineAccess): Promise<EngineFacts> {
    const models = await this.#call(engine, '/v1/models');
    const cache = await this.#cacheFacts(engine);
    return {
      ...(models.kind === 'ok' ? readModels(models.text, engine.dialect) : NO_MODEL_FACTS),
      ...cache,
      modelsStatus: models.kind === 'status' ? models.status : null,
    };
  }

  /** Lets it generate one token: what its health route says does not show that it can. */
  async generates(engine: EngineAccess, model: string): Promise<boolean> {
    const { path, headers, body } = dialectOf(engine.dialect).probe(model);
    const call = { method: 'POST', headers, body, timeoutMs: GENERATION_TIMEOUT_MS } as const;
    const reply = await this.#call(engine, path, call);
    // One that has no room for it is busy with others.
    return reply.kind === 'ok' || (reply.kind === 'status' && reply.status === 429);
  }

  /** TensorRT-LLM's events since the last call; null when it does not answer. */
  async pullEvents(engine: EngineAccess): Promise<unknown> {
    const text = textOf(await this.#call(engine, '/kv_cache_events', { method: 'POST' }));
    try {
      return text === '' ? null : parseExactJson(text);
    } catch {
      return null;
    }
  }

  /** What it says of its load; empty when it says nothing that can be read. */
  async loads(engine: EngineAccess): Promise<LoadReading> {
    switch (engine.dialect) {
      case 'vllm': {
        const text = textOf(await this.#call(engine, '/metrics'));
        return { loads: vllmLoads(text), workDone: workDone(text), work: vllmWork(text) };
      }
      case 'trtllm':
        return {
          loads: trtllmLoads(parseAny(await this.#call(engine, '/metrics'))),
          workDone: null,
          work: null,
        };
      case 'sglang': {
        const loads = sglangLoads(parseAny(await this.#call(engine, '/v1/loads')));
        if (loads.size > 0) return { loads, workDone: null, work: null };
        const text = textOf(await this.#call(engine, '/metrics'));
        return { loads: sglangMetricLoads(text), workDone: workDone(text), work: null };
      }
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #cacheFacts(engine: EngineAccess): Promise<CacheFacts> {
    switch (engine.dialect) {
      case 'vllm':
        return cacheConfigInfo(textOf(await this.#call(engine, '/metrics')));
      case 'sglang':
        return serverInfo(textOf(await this.#call(engine, '/server_info')));
      case 'trtllm':
        return NO_CACHE_FACTS;
    }
  }

  async #call(engine: EngineAccess, path: string, call: Call = {}): Promise<EngineReply> {
    const authorization = engine.apiKey?.authorization() ?? null;
    const headers = [
      ...(call.headers ?? []),
      ...(authorization === null ? [] : ['authorization', authorization]),
    ];
    try {
      const { statusCode, body } = await request(`${engine.url}${path}`, {
        method: call.method ?? 'GET',
        headers,
        body: call.body ?? null,
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(call.timeoutMs ?? TIMEOUT_MS),
      });
      const text = await body.text();
      return statusCode === 200 ? { kind: 'ok', text } : { kind: 'status', status: statusCode };
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      return { kind: REFUSED.has(code) ? 'refused' : 'silent' };
    }
  }
}

function textOf(reply: EngineReply): string {
  return reply.kind === 'ok' ? reply.text : '';
}

function parseAny(reply: EngineReply): unknown {
  try {
    return reply.kind === 'ok' ? JSON.parse(reply.text) : null;
  } catch {
    return null;
  }
}
