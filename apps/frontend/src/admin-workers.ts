import type { AdminWorker, AdminWorkers } from '@kvasir/service';
import { workerId } from '@kvasir/units';
import type { WorkerId } from '@kvasir/units';
import type { EndpointDirectory } from './directory.js';

/** Workers of one endpoint that this frontend may send legs to. */
export interface DrainablePool {
  readonly directory: Pick<EndpointDirectory, 'all'>;
  isDraining(id: WorkerId): boolean;
  /** @returns false for a worker that is not registered there. */
  setDraining(id: WorkerId, isDraining: boolean): boolean;
}

/** What an operator sees of the workers of all pools, and can tell them. */
export function adminWorkers(pools: readonly DrainablePool[]): AdminWorkers {
  return {
    all: () => pools.flatMap(workersOf),
    // A worker of several roles is registered in several pools.
    setDraining: (id, isDraining) =>
      pools.map((pool) => pool.setDraining(workerId(id), isDraining)).includes(true),
  };
}

function workersOf(pool: DrainablePool): AdminWorker[] {
  return pool.directory.all().map((worker) => ({
    workerId: worker.workerId,
    url: worker.url,
    isDraining: worker.isDraining || pool.isDraining(worker.workerId),
  }));
}
