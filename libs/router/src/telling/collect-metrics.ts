import type { EventPlane, KvEventSubscriber } from '@kvasir/event-plane';
import type { Registry } from '@kvasir/registry';
import type { Scheduler } from '@kvasir/scheduler';

import type { DurableIndex } from '../cache-view/durable-index.js';
import type { EngineLoads } from '../load-view/engine-loads.js';
import type { RouterMetrics } from './metrics.js';
import type { ReplicaSync } from '../load-view/replica-sync.js';

/** Parts of a router that are read at each scrape. */
export interface Measured {
  /** Null before the block size is known. */
  readonly scheduler: Scheduler | null;
  readonly knownWorkers: number;
  readonly setAsideWorkers: number;
  readonly distrustedWorkers: number;
  readonly fullWorkers: number;
  readonly engineLoads: EngineLoads | null;
  readonly subscriber: KvEventSubscriber;
  readonly sync: ReplicaSync | null;
  readonly durable: DurableIndex | null;
  readonly registry: Registry;
  readonly eventPlane: EventPlane;
}

/** Sets every gauge of a router. O(workers). */
export function collectMetrics(to: RouterMetrics, measured: Measured): void {
  const { scheduler, knownWorkers, setAsideWorkers, fullWorkers, distrustedWorkers } = measured;
  to.activeBookings.set(scheduler?.bookingCount ?? 0);
  to.waitingRequests.set(scheduler?.waitingCount ?? 0);
  to.indexBlocks.set(scheduler?.index.blockCount ?? 0);
  to.indexBytes.set(scheduler?.index.bytes ?? 0);
  to.workers.set({ state: 'known' }, knownWorkers);
  to.workers.set({ state: 'set_aside' }, setAsideWorkers);
  to.workers.set({ state: 'distrusted' }, distrustedWorkers);
  to.workers.set({ state: 'full' }, fullWorkers);
  collectEvents(to, measured);
  collectPlanes(to, measured);
  collectTargets(to, measured);
}

function collectEvents(to: RouterMetrics, { subscriber, durable }: Measured): void {
  const counts = subscriber.counts();
  to.kvBatches.set({ outcome: 'applied' }, counts.appliedBatches);
  to.kvBatches.set({ outcome: 'stale' }, counts.staleBatches);
  to.kvBatches.set({ outcome: 'gap' }, counts.gaps);
  to.kvBatches.set({ outcome: 'recovered_by_snapshot' }, counts.recoveredBySnapshot);
  to.kvBatches.set({ outcome: 'refused' }, counts.refusedBatches);
  to.kvBatches.set({ outcome: 'doubted' }, counts.doubts);
  to.kvBatches.set({ outcome: 'malformed' }, counts.malformedMessages);
  to.kvBatches.set({ outcome: 'foreign' }, counts.foreignMessages);
  to.digests.set({ outcome: 'verified' }, counts.verifiedDigests);
  to.digests.set({ outcome: 'mismatch' }, counts.digestMismatches);
  if (durable === null) return;
  const snapshots = durable.counts();
  to.logMessages.set(durable.logMessages);
  to.snapshots.set({ outcome: 'written' }, snapshots.writtenSnapshots);
  to.snapshots.set({ outcome: 'abandoned' }, snapshots.abandonedSnapshots);
  to.snapshots.set({ outcome: 'failed' }, snapshots.failedSnapshots);
  to.snapshots.set({ outcome: 'refused' }, snapshots.refusedSnapshots);
  to.snapshots.set({ outcome: 'loaded_set' }, snapshots.loadedSets);
}

function collectPlanes(to: RouterMetrics, { registry, eventPlane, sync }: Measured): void {
  to.planeConnected.set({ plane: 'registry' }, registry.health().kind === 'connected' ? 1 : 0);
  to.planeConnected.set({ plane: 'event_plane' }, eventPlane.health().kind === 'connected' ? 1 : 0);
  if (sync === null) return;
  to.peers.set(sync.peerCount);
  for (const [outcome, count] of Object.entries(sync.counts()))
    to.peerMessages.set({ outcome }, Number(count));
}

function collectTargets(to: RouterMetrics, { scheduler, engineLoads }: Measured): void {
  to.activePrefillTokens.reset();
  to.activeDecodeBlocks.reset();
  to.heldBlocks.reset();
  to.engineRequests.reset();
  to.engineKvUsage.reset();
  if (scheduler === null) return;
  for (const { workerId, rank, number } of scheduler.targets.all()) {
    const labels = { worker_id: workerId, rank: String(rank) };
    to.heldBlocks.set(labels, scheduler.index.memberCount(number));
    const said = engineLoads?.of(workerId, rank) ?? null;
    if (said === null) continue;
    to.engineRequests.set({ ...labels, state: 'running' }, said.runningRequests);
    to.engineRequests.set({ ...labels, state: 'waiting' }, said.waitingRequests);
    if (said.kvUsage !== null) to.engineKvUsage.set(labels, said.kvUsage);
  }
  for (const { workerId, rank, prefillTokens, blocks } of scheduler.loads()) {
    to.activePrefillTokens.set({ worker_id: workerId, rank: String(rank) }, prefillTokens);
    to.activeDecodeBlocks.set({ worker_id: workerId, rank: String(rank) }, blocks);
  }
}
