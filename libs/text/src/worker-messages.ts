/** Members of a chat request, named as in the API; for callers that make one up. */
export interface ChatFields {
  readonly messages: readonly object[];
  readonly [member: string]: unknown;
}

export type EncodeTask =
  | {
      readonly kind: 'chat';
      /** The request's JSON, read in the worker: a long conversation costs the event loop no more than a copy of its bytes. */
      readonly body: Uint8Array;
    }
  | { readonly kind: 'text'; readonly text: string; readonly addSpecialTokens: boolean }
  /** The JSON of a text, read in the worker too. */
  | { readonly kind: 'json'; readonly body: Uint8Array; readonly addSpecialTokens: boolean };

export type WorkerRequest =
  | {
      readonly kind: 'encode';
      readonly id: number;
      readonly task: EncodeTask;
      /** More ids than this are not wanted. */
      readonly tokensMax: number;
    }
  /** Nobody waits for this one any more; no reply. */
  | { readonly kind: 'cancel'; readonly id: number };

export interface WorkerSetup {
  readonly tokenizerPath: string;
  /** JSON of an object: what every template gets besides the request's own; null for nothing. */
  readonly templateVariables: string | null;
  readonly cacheTokensMax: number;
  /** Longest stretch of text without a border, in UTF-16 units, that the worker encodes in one go. */
  readonly stretchUnitsMax: number;
}

/** Since the worker started, except `cachedTokens`, which is what the cache holds now. */
export interface CacheCounts {
  /** Tokens of segments found in the cache. */
  readonly hitTokens: number;
  /** Tokens of segments encoded anew. */
  readonly missTokens: number;
  readonly evictedTokens: number;
  /** Segments too long to be cached. */
  readonly oversizedSegments: number;
  readonly cachedTokens: number;
}

/** What a tokenizer is, as far as others need to know. */
export interface Vocabulary {
  /** Ids, added tokens included; ids are below this number unless the vocabulary has holes. */
  readonly size: number;
  /** Ids of special tokens by text. */
  readonly specialTokens: ReadonlyMap<string, number>;
}

/** A text that would keep a worker from all others for too long. */
export interface UnslicedText {
  readonly text: string;
  readonly addSpecialTokens: boolean;
}

export type WorkerReply =
  | { readonly kind: 'ready'; readonly vocabulary: Vocabulary }
  | {
      readonly kind: 'encoded';
      readonly id: number;
      readonly tokens: Uint32Array<ArrayBuffer>;
      readonly cache: CacheCounts;
    }
  /** There are more ids than were wanted. */
  | { readonly kind: 'over'; readonly id: number }
  | ({ readonly kind: 'unsliceable'; readonly id: number } & UnslicedText)
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly code:
        | 'TEXT_REQUEST_INVALID'
        | 'TEXT_TEMPLATE_REFUSED'
        | 'TEXT_TEMPLATE_UNSUPPORTED'
        | 'TEXT_ENCODING_FAILED';
      readonly reason: string;
      /** Ids that the prompt begins with, as far as they are known. */
      readonly beginning?: Uint32Array<ArrayBuffer>;
    }
  | {
      readonly kind: 'unusable';
      readonly code: 'TEXT_TOKENIZER_MISSING' | 'TEXT_TOKENIZER_INVALID';
      readonly reason: string;
    };
