// Original file: proto/kvasir/v1/router.proto

import type { MediaItem as _kvasir_v1_MediaItem, MediaItem__Output as _kvasir_v1_MediaItem__Output } from '../../kvasir/v1/MediaItem.js';

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
  /**
   * Images, clips and the like, whose placeholders are in token_ids: equal placeholders of different content are different KV.
   */
  'media'?: (_kvasir_v1_MediaItem)[];
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
  /**
   * Images, clips and the like, whose placeholders are in token_ids: equal placeholders of different content are different KV.
   */
  'media': (_kvasir_v1_MediaItem__Output)[];
}
