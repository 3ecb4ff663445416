// Original file: proto/kvasir/v1/router.proto


/**
 * Blocks that one target holds, as one chain: each block's parent is the one before it.
 */
export interface DumpEventsResponse {
  'workerId'?: (string);
  'rank'?: (number);
  /**
   * Little-endian u64 of the block before the first; empty at the root of a prompt.
   */
  'parentHash'?: (Buffer | Uint8Array | string);
  /**
   * Sequence hashes, little-endian u64, 8 bytes each.
   */
  'sequenceHashes'?: (Buffer | Uint8Array | string);
}

/**
 * Blocks that one target holds, as one chain: each block's parent is the one before it.
 */
export interface DumpEventsResponse__Output {
  'workerId': (string);
  'rank': (number);
  /**
   * Little-endian u64 of the block before the first; empty at the root of a prompt.
   */
  'parentHash': (Buffer);
  /**
   * Sequence hashes, little-endian u64, 8 bytes each.
   */
  'sequenceHashes': (Buffer);
}
