import type { EngineRanks } from '../engine/engine-ranks.js';
import { vllmError } from './vllm-error.js';
import type { VllmError } from './vllm-error.js';

/** The rank that a request names in `X-data-parallel-rank`, or the least busy one. Wrong ones are refused, as in vLLM. */
export function requestedRank(
  header: string | readonly string[] | undefined,
  ranks: EngineRanks,
): number | VllmError {
  if (header === undefined) return ranks.leastBusy();
  const text = typeof header === 'string' ? header : (header[0] ?? '');
  if (!/^\d{1,9}$/.test(text))
    return vllmError(400, `X-data-parallel-rank must be an integer, got "${text.slice(0, 40)}".`);
  const rank = Number(text);
  return rank < ranks.count
    ? rank
    : vllmError(400, `data_parallel_rank ${rank} is out of range [0, ${ranks.count}).`);
}
