import type { SnapshotSource } from '@kvasir/contract';
import type { KvEventSubscriber } from '@kvasir/event-plane';
import type { Scheduler } from '@kvasir/scheduler';
import type { IndexDump, NumberedChain } from './dump-chunks.js';

/** The sets that are whole now, with their numbers. @param revision changes whenever the index does. */
export function indexDump(
  scheduler: Scheduler,
  subscriber: KvEventSubscriber,
  revision: () => number,
): IndexDump {
  const revisionBefore = revision();
  const sources: SnapshotSource[] = [];
  const places = new Map<number, number>();
  for (const { source, state } of subscriber.states()) {
    const target = scheduler.targets.numberOf(source.workerId, source.rank);
    if (target === null || state.phase !== 'live' || state.appliedNumber === null) continue;
    places.set(target, sources.length);
    const blockCount = scheduler.index.memberCount(target);
    sources.push({ source, batchNumber: state.appliedNumber, blockCount });
  }
  return {
    blockSize: scheduler.blockSize,
    sources,
    chains: chainsOf(scheduler, places),
    isStale: () => revision() !== revisionBefore,
  };
}

function* chainsOf(scheduler: Scheduler, places: ReadonlyMap<number, number>): Generator<NumberedChain> {
  for (const { target, parent, hashes } of scheduler.index.dump()) {
    const sourceIndex = places.get(target);
    if (sourceIndex !== undefined) yield { sourceIndex, parent, hashes };
  }
}
