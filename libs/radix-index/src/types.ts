/**
 * The prefix that is looked up: 2 words (lo, hi) per block, valid up to the block that `hashTo` was last asked for, so that
 * hashing stops where matching stops. A sequence hash names its whole prefix; `PromptBlocks` of block-hash is one.
 */
export interface PrefixQuery {
  readonly blockCount: number;
  readonly words: Uint32Array;
  /** Makes the words of the first `blockCount` blocks valid. */
  hashTo(blockCount: number): void;
}

/** What became of a stored event. Nothing changes unless the kind says so. */
export type StoredOutcome =
  /** All blocks are held now; `addedBlocks` of them were not before. */
  | { readonly kind: 'applied'; readonly addedBlocks: number }
  /** The target held them all. */
  | { readonly kind: 'duplicate' }
  /** The target does not hold the parent; nothing was stored. */
  | { readonly kind: 'unknownParent' }
  /** Block `blockIndex` is known under another parent, so the event lies: the blocks before it were stored, the rest not. */
  | {
      readonly kind: 'conflictingParent';
      readonly blockIndex: number;
      readonly addedBlocks: number;
      readonly evictedBlocks: number;
    }
  /** A limit made room by dropping `evictedBlocks` old blocks of any target, or refused the last `refusedBlocks`. */
  | {
      readonly kind: 'limitReached';
      readonly addedBlocks: number;
      readonly evictedBlocks: number;
      readonly refusedBlocks: number;
    };

/** What became of a removed event: blocks that the target did not hold are counted and change nothing. */
export type RemovedOutcome =
  | { readonly kind: 'applied'; readonly removedBlocks: number }
  | { readonly kind: 'unknownBlocks'; readonly removedBlocks: number; readonly unknownBlocks: number };

/** Order-independent digest of the blocks that one target holds. */
export interface TargetDigest {
  readonly lo: number;
  readonly hi: number;
  readonly blockCount: number;
  /** False when a limit has dropped or refused blocks of this target: the digest then differs from its engine's. */
  readonly isComplete: boolean;
}

/** A run of blocks that one target holds; `parent` (2 words) is the block before `hashes[0]`, null at the start. */
export interface StoredChain {
  readonly target: number;
  readonly parent: Uint32Array | null;
  readonly hashes: Uint32Array;
}

export interface RadixIndexOptions {
  /** Distinct blocks that are known at once; reaching it evicts the oldest leaves. */
  readonly blockCountMax: number;
  /** Targets are numbered from 0 to this, excluded. */
  readonly targetCountMax?: number;
  /** Bytes of sets of two or more targets; reaching it refuses blocks that would need a new set. */
  readonly setBytesMax?: number;
}
