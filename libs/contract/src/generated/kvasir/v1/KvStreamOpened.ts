// Original file: proto/kvasir/v1/events.proto


/**
 * Whose cache it is.
 */
export interface KvStreamOpened {
  /**
   * As the agent registers the engine; the engine must be configured with kv_events "grpc".
   */
  'workerId'?: (string);
  /**
   * Data-parallel rank.
   */
  'rank'?: (number);
}

/**
 * Whose cache it is.
 */
export interface KvStreamOpened__Output {
  /**
   * As the agent registers the engine; the engine must be configured with kv_events "grpc".
   */
  'workerId': (string);
  /**
   * Data-parallel rank.
   */
  'rank': (number);
}
