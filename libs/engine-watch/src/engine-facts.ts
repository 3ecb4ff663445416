import type { DialectName } from '@kvasir/contract';

/** What an engine says of itself; null where it does not. */
export interface EngineFacts extends ModelFacts, CacheFacts {
  /** Status of its list of models when it was not 200: 401 asks for a key. */
  readonly modelsStatus: number | null;
}

/** Of its list of models. */
export interface ModelFacts {
  /** Every name that it answers to without an adapter; the first is its own. Null when it does not say. */
  readonly names: readonly string[] | null;
  readonly contextTokensMax: number | null;
  /** Null when it lists none of its adapters by design. */
  readonly loraNames: readonly string[] | null;
}

/** Of its metrics. */
export interface CacheFacts {
  readonly blockSize: number | null;
  readonly kvBlocksTotal: number | null;
  /** When its process began, in ms since 1970. */
  readonly startedAtMs: number | null;
  /** Whether it finds prompts in its cache again. */
  readonly prefixCaching: boolean | null;
}

export const NO_MODEL_FACTS: ModelFacts = { names: null, contextTokensMax: null, loraNames: null };
export const NO_CACHE_FACTS: CacheFacts = {
  blockSize: null,
  kvBlocksTotal: null,
  startedAtMs: null,
  prefixCaching: null,
};

type Fields = Readonly<Record<string, unknown>>;

/** Reads `GET /v1/models`. Models have no parent; adapters name theirs. */
export function readModels(text: string, dialect: DialectName): ModelFacts {
  const list = fieldsOf(text)?.['data'];
  if (!Array.isArray(list)) return NO_MODEL_FACTS;
  const cards = (list as unknown[]).filter(isFields);
  const bases = cards.filter(isBase);
  const names = [...new Set(bases.flatMap(nameOf))];
  return {
    names: names.length === 0 ? null : names,
    contextTokensMax: count(bases[0]?.['max_model_len']),
    // TensorRT-LLM does not list its adapters.
    loraNames: dialect === 'trtllm' ? null : cards.filter((card) => !isBase(card)).flatMap(nameOf),
  };
}

/** vLLM tells its cache's shape as labels of a metric. */
export function cacheConfigInfo(metrics: string): CacheFacts {
  const labels = /^vllm:cache_config_info\{([^}]*)\}/m.exec(metrics)?.[1] ?? '';
  const text = (name: string): string | undefined => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1];
  const label = (name: string): number | null => count(Number(text(name)));
  const caching = text('enable_prefix_caching');
  return {
    blockSize: label('block_size'),
    kvBlocksTotal: label('num_gpu_blocks'),
    startedAtMs: processStart(metrics),
    prefixCaching: caching === 'True' ? true : caching === 'False' ? false : null,
  };
}

/** SGLang's `GET /server_info`. */
export function serverInfo(text: string): CacheFacts {
  const info = fieldsOf(text);
  const events = info?.['kv_events'];
  const blockSize = (isFields(events) ? count(events['block_size']) : null) ?? count(info?.['page_size']);
  const tokens = count(info?.['max_total_num_tokens']);
  const isOff = info?.['disable_radix_cache'];
  return {
    blockSize,
    kvBlocksTotal: tokens === null || blockSize === null ? null : Math.floor(tokens / blockSize),
    startedAtMs: null,
    prefixCaching: typeof isOff === 'boolean' ? !isOff : null,
  };
}

const MS_PER_S = 1000;

/** What Prometheus' client libraries tell of the process that they run in. */
function processStart(metrics: string): number | null {
  const value = /^process_start_time_seconds (\S+)$/m.exec(metrics)?.[1];
  return value === undefined ? null : count(Math.round(Number(value) * MS_PER_S));
}

function isBase({ parent }: Fields): boolean {
  return typeof parent !== 'string';
}

function nameOf({ id }: Fields): string[] {
  return typeof id === 'string' && id !== '' ? [id] : [];
}

function fieldsOf(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : null;
  } catch {
    return null;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}
