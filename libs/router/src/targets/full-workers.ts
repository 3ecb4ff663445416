import type { WorkerRecord } from '@kvasir/contract';
import type { WorkerId } from '@kvasir/units';
import type { EngineLoads } from '../load-view/engine-loads.js';
import { ranksOf } from './workers.js';

/**
 * Workers that say that their KV caches are in use up to `kvUsageMax` or more, on every rank. None when all of them are: then there is nothing to
 * prefer. Whoever says nothing is not full.
 */
export function fullWorkers(
  usable: readonly WorkerRecord[],
  loads: Pick<EngineLoads, 'of'>,
  kvUsageMax: number,
): ReadonlySet<WorkerId> {
  const full = usable.filter((worker) =>
    ranksOf(worker).every((rank) => {
      const usage = loads.of(worker.workerId, rank)?.kvUsage ?? null;
      return usage !== null && usage >= kvUsageMax;
    }),
  );
  return new Set(full.length === usable.length ? [] : full.map(({ workerId }) => workerId));
}

/** Cache in use from which on an engine that makes requests wait is full. */
const SATURATED_KV_USAGE = 0.9;

/** True when every worker says that requests wait on each of its ranks for a cache that is nearly full. */
export function areSaturated(usable: readonly WorkerRecord[], loads: Pick<EngineLoads, 'of'>): boolean {
  return (
    usable.length > 0 &&
    usable.every((worker) =>
      ranksOf(worker).every((rank) => {
        const load = loads.of(worker.workerId, rank);
        return load !== null && load.waitingRequests > 0 && (load.kvUsage ?? 0) >= SATURATED_KV_USAGE;
      }),
    )
  );
}
