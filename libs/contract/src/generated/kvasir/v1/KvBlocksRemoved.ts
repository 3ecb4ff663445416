// Original file: proto/kvasir/v1/events.proto


/**
 * Blocks that the cache no longer holds, by the names under which they were stored.
 */
export interface KvBlocksRemoved {
  'blockHashes'?: (Buffer | Uint8Array | string);
}

/**
 * Blocks that the cache no longer holds, by the names under which they were stored.
 */
export interface KvBlocksRemoved__Output {
  'blockHashes': (Buffer);
}
