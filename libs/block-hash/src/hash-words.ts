/** A 64-bit value as two unsigned 32-bit words: a `bigint` costs an allocation, a `number` loses bits. */
export interface HashWords {
  readonly lo: number;
  readonly hi: number;
}
