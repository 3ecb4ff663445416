// Original file: proto/kvasir/v1/events.proto


/**
 * Media items of one block.
 */
export interface BlockMedia {
  /**
   * Place of the block in the run, from 0.
   */
  'blockIndex'?: (number);
  /**
   * What the engine calls their contents.
   */
  'identifiers'?: (string)[];
}

/**
 * Media items of one block.
 */
export interface BlockMedia__Output {
  /**
   * Place of the block in the run, from 0.
   */
  'blockIndex': (number);
  /**
   * What the engine calls their contents.
   */
  'identifiers': (string)[];
}
