import type { DialectName } from '@kvasir/contract';
import { parseExactJson } from '@kvasir/engine-events';
import { Agent, request } from 'undici';
import { sglangLoads, sglangMetricLoads, trtllmLoads, vllmLoads } from './engine-loads.js';
import type { EngineLoads } from './engine-loads.js';

/** What an engine says of itself; null where it does not. */
export interface EngineFacts {
  readonly model: string | null;
  readonly contextTokensMax: number | null;
  readonly blockSize: number | null;
  readonly kvBlocksTotal: number | null;
  readonly loraNames: readonly string[] | null;
}

/** An engine that takes longer to answer a probe is not well. */
const TIMEOUT_MS = 2_000;
const BODY_BYTES_MAX = 4_194_304;

type Fields = Readonly<Record<string, unknown>>;

/** Asks engines over HTTP. Never throws: what cannot be had is null. */
export class EngineHttp {
  readonly #agent = new Agent({
    connect: { timeout: TIMEOUT_MS },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    maxResponseSize: BODY_BYTES_MAX,
  });

  async isHealthy(url: string): Promise<boolean> {
    return (await this.#call('GET', `${url}/health`)) !== null;
  }

  async facts(url: string, dialect: DialectName): Promise<EngineFacts> {
    const models = await this.#models(url);
    const model = models?.find(isBase);
    const cache = await this.#cacheFacts(url, dialect);
    return {
      model: typeof model?.['id'] === 'string' ? model['id'] : null,
      contextTokensMax: count(model?.['max_model_len']),
      loraNames: adaptersOf(models, dialect),
      ...cache,
    };
  }

  /** The adapters that it lists now; null when it does not answer, or lists none of its adapters by design. */
  async loraNames(url: string, dialect: DialectName): Promise<readonly string[] | null> {
    return adaptersOf(await this.#models(url), dialect);
  }

  /** TensorRT-LLM's events since the last call; null when it does not answer. */
  async pullEvents(url: string): Promise<unknown> {
    const text = await this.#call('POST', `${url}/kv_cache_events`);
    try {
      return text === null ? null : parseExactJson(text);
    } catch {
      return null;
    }
  }

  /** What it says of its load; empty when it says nothing that can be read. */
  async loads(url: string, dialect: DialectName): Promise<EngineLoads> {
    switch (dialect) {
      case 'vllm':
        return vllmLoads((await this.#call('GET', `${url}/metrics`)) ?? '');
      case 'trtllm':
        return trtllmLoads(parseAny(await this.#call('GET', `${url}/metrics`)));
      case 'sglang': {
        const loads = sglangLoads(parseAny(await this.#call('GET', `${url}/v1/loads`)));
        return loads.size > 0 ? loads : sglangMetricLoads((await this.#call('GET', `${url}/metrics`)) ?? '');
      }
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #models(url: string): Promise<readonly Fields[] | null> {
    const list = parseJson(await this.#call('GET', `${url}/v1/models`))?.['data'];
    return Array.isArray(list) ? list.filter(isFields) : null;
  }

  async #cacheFacts(
    url: string,
    dialect: DialectName,
  ): Promise<Pick<EngineFacts, 'blockSize' | 'kvBlocksTotal'>> {
    if (dialect === 'vllm') return cacheConfigInfo((await this.#call('GET', `${url}/metrics`)) ?? '');
    if (dialect === 'trtllm') return { blockSize: null, kvBlocksTotal: null };
    const info = parseJson(await this.#call('GET', `${url}/server_info`));
    const events = info?.['kv_events'] as Fields | null | undefined;
    const blockSize = count(events?.['block_size']) ?? count(info?.['page_size']);
    const tokens = count(info?.['max_total_num_tokens']);
    return {
      blockSize,
      kvBlocksTotal: tokens === null || blockSize === null ? null : Math.floor(tokens / blockSize),
    };
  }

  async #call(method: 'GET' | 'POST', url: string): Promise<string | null> {
    try {
      const { statusCode, body } = await request(url, { method, dispatcher: this.#agent });
      const text = await body.text();
      return statusCode === 200 ? text : null;
    } catch {
      return null;
    }
  }
}

/** vLLM tells its cache's shape as labels of a metric. */
export function cacheConfigInfo(metrics: string): Pick<EngineFacts, 'blockSize' | 'kvBlocksTotal'> {
  const labels = /^vllm:cache_config_info\{([^}]*)\}/m.exec(metrics)?.[1] ?? '';
  const label = (name: string): number | null => {
    const value = new RegExp(`(?:^|,)${name}="(\\d+)"`).exec(labels)?.[1];
    return value === undefined ? null : count(Number(value));
  };
  return { blockSize: label('block_size'), kvBlocksTotal: label('num_gpu_blocks') };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** Models have no parent; adapters name theirs. */
function isBase({ parent }: Fields): boolean {
  return typeof parent !== 'string';
}

function adaptersOf(models: readonly Fields[] | null, dialect: DialectName): readonly string[] | null {
  // TensorRT-LLM does not list them.
  if (models === null || dialect === 'trtllm') return null;
  return models.flatMap((model) => (!isBase(model) && typeof model['id'] === 'string' ? [model['id']] : []));
}

function parseJson(text: string | null): Fields | null {
  const value = parseAny(text);
  return isFields(value) ? value : null;
}

function parseAny(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}
