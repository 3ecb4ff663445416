// Original file: proto/kvasir/v1/router.proto


export interface MarkPrefillCompleteResponse {
  /**
   * False when no such booking is known.
   */
  'marked'?: (boolean);
}

export interface MarkPrefillCompleteResponse__Output {
  /**
   * False when no such booking is known.
   */
  'marked': (boolean);
}
