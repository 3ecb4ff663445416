/** A block's name in its engine: 64-bit numbers as 16 hex digits, longer ones as the hex of their bytes. Compared within one engine only. */
export type EngineHash = string;

/** What an engine says of its KV cache, in one shape for every engine and release. */
export type EngineKvEvent =
  | {
      readonly kind: 'stored';
      /** Blocks in order; each is the child of the one before. */
      readonly hashes: readonly EngineHash[];
      /** Null for the beginning of a prompt. */
      readonly parent: EngineHash | null;
      /** Of all blocks, one after the other. */
      readonly tokens: Uint32Array;
      readonly blockSize: number;
      readonly loraName: string | null;
      readonly cacheSalt: string | null;
      /** Media items that blocks overlap, as the engine calls their content, by the block's place in the run. */
      readonly media: ReadonlyMap<number, readonly string[]>;
      /** From this block on the content depends on what nobody else can name (embeddings, media without an identifier); null when it never does. */
      readonly opaqueFrom: number | null;
      readonly tier: Tier;
      /** Layer group of a hybrid model; null when the engine has one only. */
      readonly group: number | null;
      /** False for layers that look at a part of the prompt only, e.g. a sliding window. */
      readonly isFullAttention: boolean;
      readonly origin: BlockOrigin;
    }
  | {
      readonly kind: 'removed';
      readonly hashes: readonly EngineHash[];
      /** Copies that are left of each; null when the engine does not say. */
      readonly copiesLeft: readonly (number | null)[] | null;
      /** Each copy's end is told for itself; false when it may be the last one's only. */
      readonly isPerCopy: boolean;
      readonly tier: Tier;
      readonly group: number | null;
    }
  /** Everything of the rank. */
  | { readonly kind: 'cleared' };

/** How blocks came to be told of. */
export type BlockOrigin =
  /** Computed: blocks that were there already are there once more. */
  | 'new'
  /** Found in the cache by a request, and told again. */
  | 'reused'
  /** The engine tells of both in the same way. */
  | 'untold';

/** Where blocks lie: on the device, somewhere slower, or with somebody else. */
export type Tier = 'device' | 'host' | 'remote';

/** Why an event, not its batch, was left out. */
export type DropReason =
  'unknownTag' | 'badShape' | 'badHash' | 'badTokens' | 'mediaTokens' | 'unnamedAdapter';

/** One message of an engine. */
export interface EngineKvBatch {
  /** Data-parallel rank; null when the engine does not say. */
  readonly rank: number | null;
  readonly events: readonly EngineKvEvent[];
  readonly dropped: readonly DropReason[];
}
