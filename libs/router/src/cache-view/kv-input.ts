import type { KvEvent } from '@kvasir/contract';
import type { SchedulerInput } from '@kvasir/scheduler';
import type { WorkerId } from '@kvasir/units';

/** A KV event as the scheduler takes it. */
export function kvInput(event: KvEvent, workerId: WorkerId, rank: number): SchedulerInput {
  switch (event.kind) {
    case 'stored':
      return { kind: 'kvStored', workerId, rank, parent: event.parent, hashes: event.hashes };
    case 'removed':
      return { kind: 'kvRemoved', workerId, rank, hashes: event.hashes };
    case 'cleared':
      return { kind: 'kvCleared', workerId, rank };
  }
}
