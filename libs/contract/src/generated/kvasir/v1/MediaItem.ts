// Original file: proto/kvasir/v1/router.proto


/**
 * One media item of a prompt.
 */
export interface MediaItem {
  /**
   * What the engine calls its content: a hexadecimal digest of 64 digits, or any other text (e.g. the uuid that was given with it).
   */
  'identifier'?: (string);
  /**
   * Its placeholder tokens.
   */
  'firstToken'?: (number);
  'tokenCount'?: (number);
}

/**
 * One media item of a prompt.
 */
export interface MediaItem__Output {
  /**
   * What the engine calls its content: a hexadecimal digest of 64 digits, or any other text (e.g. the uuid that was given with it).
   */
  'identifier': (string);
  /**
   * Its placeholder tokens.
   */
  'firstToken': (number);
  'tokenCount': (number);
}
