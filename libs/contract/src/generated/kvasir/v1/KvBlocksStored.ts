// Original file: proto/kvasir/v1/events.proto

import type { BlockMedia as _kvasir_v1_BlockMedia, BlockMedia__Output as _kvasir_v1_BlockMedia__Output } from '../../kvasir/v1/BlockMedia.js';

/**
 * Blocks that the cache now holds, each the child of the one before.
 */
export interface KvBlocksStored {
  /**
   * The engine's own names of the blocks: packed little-endian u64.
   */
  'blockHashes'?: (Buffer | Uint8Array | string);
  /**
   * The block before the first, 8 bytes; empty at the beginning of a prompt. A block under an unknown parent waits for it.
   */
  'parentBlockHash'?: (Buffer | Uint8Array | string);
  /**
   * Token ids of all blocks, one after the other: packed little-endian u32, block_size for each block.
   */
  'tokenIds'?: (Buffer | Uint8Array | string);
  /**
   * Tokens per block.
   */
  'blockSize'?: (number);
  /**
   * Adapter name; empty for the base model.
   */
  'loraName'?: (string);
  /**
   * Isolation salt; empty for none, or for that of the parent.
   */
  'cacheSalt'?: (string);
  /**
   * Media items that blocks overlap; blocks without any are left out.
   */
  'media'?: (_kvasir_v1_BlockMedia)[];
}

/**
 * Blocks that the cache now holds, each the child of the one before.
 */
export interface KvBlocksStored__Output {
  /**
   * The engine's own names of the blocks: packed little-endian u64.
   */
  'blockHashes': (Buffer);
  /**
   * The block before the first, 8 bytes; empty at the beginning of a prompt. A block under an unknown parent waits for it.
   */
  'parentBlockHash': (Buffer);
  /**
   * Token ids of all blocks, one after the other: packed little-endian u32, block_size for each block.
   */
  'tokenIds': (Buffer);
  /**
   * Tokens per block.
   */
  'blockSize': (number);
  /**
   * Adapter name; empty for the base model.
   */
  'loraName': (string);
  /**
   * Isolation salt; empty for none, or for that of the parent.
   */
  'cacheSalt': (string);
  /**
   * Media items that blocks overlap; blocks without any are left out.
   */
  'media': (_kvasir_v1_BlockMedia__Output)[];
}
