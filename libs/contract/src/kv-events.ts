import type { Incarnation, WorkerId } from '@kvasir/units';

/**
 * Block hashes of one event: interleaved little-endian words, `[lo0, hi0, lo1, hi1, …]`, length 2 × blocks.
 * The memory is exactly the packed little-endian u64 that travels on the wire.
 */
export type HashWords = Uint32Array;

/** One change of what a rank's KV cache holds, in sequence hashes (`@kvasir/block-hash`). */
export type KvEvent =
  /** `parent` is the block before the first (2 words), or null at the root of a prompt; each block's parent is the one before it. */
  | { readonly kind: 'stored'; readonly parent: HashWords | null; readonly hashes: HashWords }
  | { readonly kind: 'removed'; readonly hashes: HashWords }
  | { readonly kind: 'cleared' };

/**
 * Events of one (worker, incarnation, rank), numbered without holes from 1.
 * A receiver that sees a number skipped asks the publisher for the missing ones.
 */
export interface KvEventBatch {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  readonly rank: number;
  /** Consecutive per (worker, incarnation, rank), from 1. */
  readonly batchNumber: number;
  readonly events: readonly KvEvent[];
}
