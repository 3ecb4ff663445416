import type { NamespaceSeed } from '@kvasir/block-hash';

/** What a request does beside generating. */
export type RequestRole =
  | { readonly kind: 'whole' }
  /** Computes the prompt and keeps its blocks for another engine, until `release` or the end of the lease. */
  | { readonly kind: 'prefill'; readonly leaseMs: number }
  /** Gets the prompt's blocks from another engine, which takes this long, and generates. */
  | { readonly kind: 'decode'; readonly transferMs: number };

export interface SimRequest {
  readonly id: string;
  /** At least one; must not change. */
  readonly tokens: Uint32Array;
  /** Separates equal tokens with unequal KV. */
  readonly seed: NamespaceSeed;
  /** At least 1. */
  readonly outputTokensMax: number;
  readonly role: RequestRole;
  /** The token at a place of the output; null ends the answer before it. */
  readonly nextToken: (index: number) => number | null;
}

export type FinishReason = 'length' | 'stop';

export interface SimUsage {
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Prompt tokens that were in the cache when the request was first taken up. */
  readonly cachedTokens: number;
}

/** What an engine did, at a virtual time. KV outputs come in the order in which the cache changed. */
export type SimOutput =
  | {
      readonly kind: 'token';
      readonly atMs: number;
      readonly id: string;
      readonly token: number;
      readonly index: number;
    }
  | {
      readonly kind: 'finished';
      readonly atMs: number;
      readonly id: string;
      readonly reason: FinishReason;
      readonly usage: SimUsage;
    }
  /** Needs more blocks than there are. */
  | { readonly kind: 'rejected'; readonly atMs: number; readonly id: string; readonly message: string }
  | { readonly kind: 'leaseExpired'; readonly atMs: number; readonly id: string }
  | { readonly kind: 'kvStored'; readonly parent: Uint32Array | null; readonly hashes: Uint32Array }
  | { readonly kind: 'kvRemoved'; readonly hashes: Uint32Array };

/** Load figures, as an engine's metrics tell them. */
export interface SimLoad {
  readonly runningRequests: number;
  readonly waitingRequests: number;
  /** Share of blocks in use by requests, 0 to 1. */
  readonly kvUsedShare: number;
  readonly preemptions: number;
  /** Prompt tokens that were looked up in the cache, and found. */
  readonly queriedTokens: number;
  readonly hitTokens: number;
}

export interface EngineOptions {
  /** Tokens per block. */
  readonly blockSize: number;
  /** KV capacity in blocks. */
  readonly blockCount: number;
  /** Tokens computed in one step. */
  readonly stepTokensMax: number;
  /** Requests that run at a time. */
  readonly runningMax: number;
}

/** What vLLM has by default, on a worker with a million tokens of KV. */
export const ENGINE_OPTIONS_DEFAULT: EngineOptions = {
  blockSize: 64,
  blockCount: 16_384,
  stepTokensMax: 8_192,
  runningMax: 256,
};
