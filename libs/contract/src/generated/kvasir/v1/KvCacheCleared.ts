// Original file: proto/kvasir/v1/events.proto


/**
 * The cache of the rank is empty.
 */
export interface KvCacheCleared {
}

/**
 * The cache of the rank is empty.
 */
export interface KvCacheCleared__Output {
}
