import type { KvChain, KvEventBatch, KvSetDigest, KvSource } from '@kvasir/contract';

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
  /**
   * Digest of what it holds of a source, as `SetDigest` makes it; null when it does not know the source. A sink that tells is checked against the
   * publisher's digest at equal batch numbers, and resynchronised when they differ.
   */
  digest?(source: KvSource): KvSetDigest | null;
}
