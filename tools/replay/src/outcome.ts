/** What became of one request. Times are real ms. */
export type Outcome =
  | {
      readonly kind: 'answered';
      /** From when the request was due to its first token, and to its end. */
      readonly firstTokenMs: number;
      readonly endMs: number;
      /** One per token event after the first: see `TokenGaps`. */
      readonly gapsMs: readonly number[];
      readonly promptTokens: number;
      readonly outputTokens: number;
      /** Server-sent events that carried them. */
      readonly tokenEvents: number;
      /** As the engine reports it. */
      readonly cachedTokens: number;
      /** As the router predicted it. */
      readonly overlapBlocks: number;
      readonly prefillWorkerId: string;
      readonly decodeWorkerId: string;
    }
  | { readonly kind: 'failed'; readonly reason: string };
