/**
 * What is known of every target for one request, as columns over dense target numbers.
 * The caller owns and reuses them: no allocation per request.
 */
export interface CandidateColumns {
  /** Targets in use are below this number. */
  readonly targetCount: number;
  /** 1 where the target may be chosen. */
  readonly isEligible: Uint8Array;
  /** Leading prompt blocks that the target holds. */
  readonly overlapBlocks: Uint32Array;
  /** Prompt tokens that wait or are being computed on the target, this request not counted. */
  readonly activePrefillTokens: Float64Array;
  /** Blocks in use on the target if it took this request; blocks shared with running requests count once. */
  readonly potentialDecodeBlocks: Float64Array;
  /** Requests booked on the target. */
  readonly activeRequests: Float64Array;
}

/** The request whose cost is asked. */
export interface PromptShape {
  readonly promptTokens: number;
  readonly blockSize: number;
}
