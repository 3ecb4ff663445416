import type { RankWish } from '../dialects/engine-api.js';
import type { EngineRanks } from '../engine/engine-ranks.js';
import { engineError } from './engine-error.js';
import type { EngineError } from './engine-error.js';

/** The rank that a request names, or the least busy one. Wrong ones are refused. */
export function requestedRank(wish: RankWish | null, ranks: EngineRanks): number | EngineError {
  if (wish === null) return ranks.leastBusy();
  const [value]: readonly unknown[] = Array.isArray(wish.value) ? (wish.value as unknown[]) : [wish.value];
  const text = typeof value === 'string' ? value : '';
  if (!/^\d{1,9}$/.test(text))
    return engineError(400, `${wish.name} must be an integer, got "${text.slice(0, 40)}".`);
  const rank = Number(text);
  return rank < ranks.count
    ? rank
    : engineError(400, `data_parallel_rank ${rank} is out of range [0, ${ranks.count}).`);
}
