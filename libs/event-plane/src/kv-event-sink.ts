import type { KvChain, KvEventBatch, KvSource } from '@kvasir/contract';

/**
 * Consumer of KV events: holds, per source, the set of blocks that the events describe.
 * Calls come one after the other, never inside one another; hashes may be views of a message, so who keeps them copies them.
 */
export interface KvEventSink {
  /**
   * The next batch of its source, in order and without a hole.
   * @returns `unknownParent` when a stored run's parent is not held: the run was not taken (never as a root), and the source is resynchronised.
   */
  batch(batch: KvEventBatch): 'applied' | 'unknownParent';
  /** Forget all blocks of the source's worker and rank: a snapshot follows, or another incarnation has begun. */
  reset(source: KvSource): void;
  /**
   * One chain of the snapshot that replaces what `reset` emptied. A held parent comes before its children; a chain whose parent is not held
   * (it was removed while its child stayed) is to be kept as it is, for it counts again when the parent comes back.
   */
  snapshotChain(source: KvSource, chain: KvChain): void;
}
