import type { EngineLoad } from '@kvasir/contract';
import type { EngineWork } from '@kvasir/self-check';

/** What an engine says of each of its ranks; empty when nothing can be read. */
export type EngineLoads = ReadonlyMap<number, EngineLoad>;

type Fields = Readonly<Record<string, unknown>>;

/** vLLM's Prometheus text. The cache's gauge was renamed; for some versions both are there. */
export function vllmLoads(text: string): EngineLoads {
  return loadsOf({
    running: gauges(text, 'vllm:num_requests_running', 'engine'),
    waiting: gauges(text, 'vllm:num_requests_waiting', 'engine'),
    usage: new Map([
      ...gauges(text, 'vllm:gpu_cache_usage_perc', 'engine'),
      ...gauges(text, 'vllm:kv_cache_usage_perc', 'engine'),
    ]),
  });
}

/** SGLang's Prometheus text (`--enable-metrics`). */
export function sglangMetricLoads(text: string): EngineLoads {
  return loadsOf({
    running: gauges(text, 'sglang:num_running_reqs', 'dp_rank'),
    waiting: gauges(text, 'sglang:num_queue_reqs', 'dp_rank'),
    usage: gauges(text, 'sglang:token_usage', 'dp_rank'),
  });
}

/** SGLang's `GET /v1/loads`: one entry per rank. */
export function sglangLoads(value: unknown): EngineLoads {
  const entries = isFields(value) && !Array.isArray(value) ? value['loads'] : value;
  const loads = new Map<number, EngineLoad>();
  for (const [index, entry] of (Array.isArray(entries) ? (entries as unknown[]) : []).entries()) {
    if (!isFields(entry)) continue;
    const running = amount(entry['num_running_reqs']) ?? amount(entry['num_reqs']);
    if (running === null) continue;
    const tokens = amount(entry['num_used_tokens']) ?? amount(entry['num_tokens']);
    const tokensMax = amount(entry['max_total_num_tokens']);
    const isKnown = tokens !== null && tokensMax !== null && tokensMax > 0;
    loads.set(amount(entry['dp_rank']) ?? index, {
      runningRequests: running,
      waitingRequests: amount(entry['num_waiting_reqs']) ?? 0,
      kvUsage: amount(entry['token_usage']) ?? (isKnown ? tokens / tokensMax : null),
    });
  }
  return loads;
}

/** TensorRT-LLM's `GET /metrics`: statistics of the iterations since the last call; the newest counts, and none means that nothing has changed. */
export function trtllmLoads(value: unknown): EngineLoads {
  const last: unknown = Array.isArray(value) ? (value as unknown[]).at(-1) : undefined;
  if (!isFields(last)) return new Map();
  const running = amount(last['numActiveRequests']);
  if (running === null) return new Map();
  const cache = isFields(last['kvCacheStats']) ? last['kvCacheStats'] : {};
  const [used, total] = [amount(cache['usedNumBlocks']), amount(cache['maxNumBlocks'])];
  const load = {
    runningRequests: running,
    waitingRequests: amount(last['numQueuedRequests']) ?? 0,
    kvUsage: used === null || total === null || total === 0 ? null : used / total,
  };
  return new Map([[0, load]]);
}

const WORK_COUNTERS = /^(?:vllm|sglang):(?:prompt|generation)_tokens_total(?:\{[^}]*\})? (\S+)/gm;

/** Tokens that an engine's metrics count as computed so far, prompts and answers, over all its ranks; null when they do not say. */
export function workDone(text: string): number | null {
  const counts = [...text.matchAll(WORK_COUNTERS)].map(([, value]) => amount(Number(value)) ?? 0);
  return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0);
}

/** What vLLM's metrics say of its work over all ranks; null when they say too little. */
export function vllmWork(text: string): EngineWork | null {
  const prompt = sumOf(text, 'vllm:prompt_tokens_total');
  const generated = sumOf(text, 'vllm:generation_tokens_total');
  if (prompt === null || generated === null) return null;
  const found =
    (sumOf(text, 'vllm:prefix_cache_hits_total') ?? 0) +
    (sumOf(text, 'vllm:external_prefix_cache_hits_total') ?? 0);
  return {
    computedTokens: Math.max(0, prompt - found) + generated,
    endedRequests: sumOf(text, 'vllm:request_success_total') ?? 0,
  };
}

/** Over all labels; null when there is none of the name. */
function sumOf(text: string, name: string): number | null {
  const line = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'gm');
  const values = [...text.matchAll(line)].map(([, value]) => amount(Number(value)) ?? 0);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

function loadsOf(read: Record<'running' | 'waiting' | 'usage', ReadonlyMap<number, number>>): EngineLoads {
  const loads = new Map<number, EngineLoad>();
  for (const [rank, runningRequests] of read.running)
    loads.set(rank, {
      runningRequests,
      waitingRequests: read.waiting.get(rank) ?? 0,
      kvUsage: read.usage.get(rank) ?? null,
    });
  return loads;
}

/** Values of a gauge by rank; rank 0 when the label is missing. */
function gauges(text: string, name: string, rankLabel: string): Map<number, number> {
  const values = new Map<number, number>();
  const line = new RegExp(`^${name}(?:\\{([^}]*)\\})? (\\S+)`, 'gm');
  const rankOf = new RegExp(`(?:^|,)${rankLabel}="(\\d+)"`);
  for (const [, labels = '', value] of text.matchAll(line)) {
    const read = amount(Number(value));
    if (read !== null) values.set(Number(rankOf.exec(labels)?.[1] ?? 0), read);
  }
  return values;
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

const amount = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
