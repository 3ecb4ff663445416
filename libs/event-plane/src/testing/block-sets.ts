import type { KvChain, KvEvent, KvEventBatch, KvSource } from '@kvasir/contract';
import type { WorkerId } from '@kvasir/units';
import type { KvEventSink } from '../kv-event-sink.js';
import { blockIds } from './block-tree.js';

/** A consumer that keeps plain sets of block ids (`blockIds`), as strictly as an index would: a run under an unknown parent is not taken. */
export class BlockSets implements KvEventSink {
  readonly #sets = new Map<string, Set<number>>();

  /** What one rank holds, sorted. */
  held(workerId: WorkerId, rank: number): number[] {
    return [...(this.#sets.get(`${workerId}/${rank}`) ?? [])].sort((one, other) => one - other);
  }

  batch(batch: KvEventBatch): 'applied' | 'unknownParent' {
    const set = this.#set(batch);
    const areTaken = batch.events.map((event) => take(set, event));
    return areTaken.includes(false) ? 'unknownParent' : 'applied';
  }

  reset(source: KvSource): void {
    this.#set(source).clear();
  }

  snapshotChain(source: KvSource, { hashes }: KvChain): void {
    for (const id of blockIds(hashes)) this.#set(source).add(id);
  }

  #set({ workerId, rank }: KvSource): Set<number> {
    const name = `${workerId}/${rank}`;
    const set = this.#sets.get(name) ?? new Set<number>();
    this.#sets.set(name, set);
    return set;
  }
}

/** @returns false when a run's parent is not held. */
function take(set: Set<number>, event: KvEvent): boolean {
  if (event.kind === 'cleared') {
    set.clear();
    return true;
  }
  if (event.kind === 'removed') {
    for (const id of blockIds(event.hashes)) set.delete(id);
    return true;
  }
  if (event.parent !== null && blockIds(event.parent).some((id) => !set.has(id))) return false;
  for (const id of blockIds(event.hashes)) set.add(id);
  return true;
}
