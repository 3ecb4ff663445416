// Original file: proto/kvasir/v1/router.proto


export interface FreeResponse {
  /**
   * False when no such booking is known.
   */
  'released'?: (boolean);
}

export interface FreeResponse__Output {
  /**
   * False when no such booking is known.
   */
  'released': (boolean);
}
