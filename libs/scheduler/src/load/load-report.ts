import type { TargetLoad } from '../messages.js';
import type { TargetTable } from '../targets/target-table.js';
import type { ActiveLoad } from './active-load.js';
import type { PeerLoads } from './peer-loads.js';

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
export function ownLoads(targets: TargetTable, load: ActiveLoad, peers: PeerLoads): readonly TargetLoad[] {
  const own: TargetLoad[] = [];
  for (const { workerId, rank, number } of targets.all()) {
    const of = peers.of(number);
    const requests = (load.requests[number] ?? 0) - of.requests;
    if (requests === 0) continue;
    const prefillTokens = (load.prefillTokens[number] ?? 0) - of.prefillTokens;
    const blocks = (load.blocks[number] ?? 0) - of.blocks;
    own.push({ workerId, rank, prefillTokens, blocks, requests });
  }
  return own;
}
