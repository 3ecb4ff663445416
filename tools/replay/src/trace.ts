/** Tokens that one hash id of a trace stands for. */
export const TRACE_BLOCK_TOKENS = 512;

/** One request of a trace. */
export interface TraceRequest {
  /** After the first request, in ms. */
  readonly arrivalMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** One per `TRACE_BLOCK_TOKENS` of input, the last one for what is left; equal ids mean equal text up to and including the block. */
  readonly blockIds: readonly number[];
}
