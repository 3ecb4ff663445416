import type { Scheduler } from '@kvasir/scheduler';
import type { WorkerId } from '@kvasir/units';

/** Blocks that one target holds, as one chain. */
export interface DumpedChain {
  readonly workerId: WorkerId;
  readonly rank: number;
  readonly parent: Uint32Array | null;
  readonly hashes: Uint32Array;
}

/** The index as chains that rebuild it; parents that are held come before their children. The index must not change meanwhile. */
export function* dumpedChains(scheduler: Scheduler): IterableIterator<DumpedChain> {
  for (const { target, parent, hashes } of scheduler.index.dump()) {
    const found = scheduler.targets.at(target);
    if (found !== null) yield { workerId: found.workerId, rank: found.rank, parent, hashes };
  }
}
