// Original file: proto/kvasir/v1/router.proto


/**
 * The prompt and what separates equal tokens with unequal KV.
 */
export interface Prompt {
  /**
   * Token ids, little-endian u32, 4 bytes each. (Measured 6 to 7 times faster than repeated integers at 128k tokens.)
   */
  'tokenIds'?: (Buffer | Uint8Array | string);
  /**
   * Adapter name; empty for the base model.
   */
  'loraName'?: (string);
  /**
   * Isolation salt; empty for none.
   */
  'cacheSalt'?: (string);
  /**
   * Model name; empty means the pool's only model.
   */
  'model'?: (string);
}

/**
 * The prompt and what separates equal tokens with unequal KV.
 */
export interface Prompt__Output {
  /**
   * Token ids, little-endian u32, 4 bytes each. (Measured 6 to 7 times faster than repeated integers at 128k tokens.)
   */
  'tokenIds': (Buffer);
  /**
   * Adapter name; empty for the base model.
   */
  'loraName': (string);
  /**
   * Isolation salt; empty for none.
   */
  'cacheSalt': (string);
  /**
   * Model name; empty means the pool's only model.
   */
  'model': (string);
}
