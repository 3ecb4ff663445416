import type { WorkerRecord } from '@kvasir/contract';
import type { WorkerId } from '@kvasir/units';
import type { EngineLoads } from './engine-loads.js';
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
