import type { TargetLoad } from '../messages.js';
import type { TargetTable } from '../targets/target-table.js';
import type { ActiveLoad } from './active-load.js';

/** What is booked on each target now; by target number. */
export function allLoads(targets: TargetTable, load: ActiveLoad): readonly TargetLoad[] {
  return [...targets.all()].map(({ workerId, rank, number }) => ({
    workerId,
    rank,
    prefillTokens: load.prefillTokens[number] ?? 0,
    blocks: load.blocks[number] ?? 0,
    requests: load.requests[number] ?? 0,
  }));
}

/** What is booked without what peers have told, on the targets where that is something; by target number. */
export function ownLoads(targets: TargetTable, load: ActiveLoad): readonly TargetLoad[] {
  const loads: TargetLoad[] = [];
  for (const { workerId, rank, number } of targets.all()) {
    const own = load.own(number);
    if (own.requests !== 0) loads.push({ workerId, rank, ...own });
  }
  return loads;
}
