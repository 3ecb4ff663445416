import type { CacheNamespace } from '@kvasir/block-hash';
import { TRANSFER_MODEL_DEFAULT } from './timing.js';
import type { TimingProfile, TransferModel } from './timing.js';

/** What a request does beside generating. */
export type RequestRole =
  | { readonly kind: 'whole' }
  /** Computes the prompt and keeps its blocks for another engine, until `release` or for `leaseMs` after its end. */
  | { readonly kind: 'prefill'; readonly leaseMs: number }
  /** Gets the prompt's blocks from another engine and generates: see `transferWanted`. */
  | { readonly kind: 'decode' };

/** Where the tokens of an answer come from; called once per token, in order, also when the request is preempted meanwhile. */
export interface TokenSource {
  next(): number;
  /** The token that `next` gave last ends the answer. */
  readonly isEnded: boolean;
}

export interface SimRequest {
  /** Not in use by another request, nor by blocks that are still kept. */
  readonly id: string;
  /** At least one; must not change. */
  readonly tokens: Uint32Array;
  /** Separates equal tokens with unequal KV. */
  readonly namespace: CacheNamespace;
  /** At least 1. */
  readonly outputTokensMax: number;
  readonly role: RequestRole;
  readonly source: TokenSource;
}

export type SubmitOutcome =
  | { readonly kind: 'accepted' }
  /** The prompt with its output needs more blocks than there are. */
  | { readonly kind: 'neverFits'; readonly neededBlocks: number; readonly blockCount: number }
  /** As many requests wait as may. */
  | { readonly kind: 'queueFull'; readonly waitingMax: number };

/** `length`: as many tokens as were allowed. `stop`: the source ended. */
export type FinishReason = 'length' | 'stop';

export interface SimUsage {
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Prompt tokens that were in the cache when the request was first taken up. */
  readonly cachedTokens: number;
  /** Prompt tokens that came from another engine. */
  readonly fetchedTokens: number;
}

/** Virtual times in ms. */
export interface SimTimes {
  readonly arrivedMs: number;
  /** When it was first taken up. */
  readonly startedMs: number;
  readonly firstTokenMs: number;
}

/** What an engine did, at a virtual time. KV outputs come in the order in which the cache changed. */
export type SimOutput =
  | { readonly kind: 'token'; readonly atMs: number; readonly id: string; readonly token: number }
  | {
      readonly kind: 'finished';
      readonly atMs: number;
      readonly id: string;
      readonly reason: FinishReason;
      readonly usage: SimUsage;
      readonly times: SimTimes;
      /** Blocks kept for another engine, in order; null when none are. */
      readonly keptBlocks: readonly number[] | null;
    }
  /** Blocks are reserved; somebody must fetch and call `transferred` or `transferFailed`. */
  | { readonly kind: 'transferWanted'; readonly atMs: number; readonly id: string; readonly tokens: number }
  /** The blocks are there: the other engine may let go of its own. */
  | { readonly kind: 'transferEnded'; readonly atMs: number; readonly id: string }
  /** The transfer failed and the policy is not to recompute. */
  | { readonly kind: 'failed'; readonly atMs: number; readonly id: string }
  | { readonly kind: 'leaseExpired'; readonly atMs: number; readonly id: string }
  | {
      readonly kind: 'kvStored';
      readonly parent: Uint32Array | null;
      readonly hashes: Uint32Array;
      /** Of all the blocks, one after the other. */
      readonly tokens: Uint32Array;
      readonly namespace: CacheNamespace;
    }
  | { readonly kind: 'kvRemoved'; readonly hashes: Uint32Array }
  | { readonly kind: 'kvCleared' };

/** Load figures as an engine's metrics tell them; totals count from the start. */
export interface SimLoad {
  readonly runningRequests: number;
  /** Those that wait for blocks of another engine included. */
  readonly waitingRequests: number;
  /** Finished prefills whose blocks are kept. */
  readonly keptPrefills: number;
  /** Share of blocks that requests use or that are kept, 0 to 1; blocks that are only cached do not count. */
  readonly kvUsedShare: number;
  /** Different blocks in the cache, used ones included. */
  readonly cachedBlocks: number;
  readonly steps: number;
  readonly preemptions: number;
  /** Prompt tokens computed, recomputed ones included. */
  readonly prefillTokens: number;
  readonly outputTokens: number;
  /** Prompt tokens that were looked up in the cache, and found. */
  readonly queriedTokens: number;
  readonly hitTokens: number;
  /** Prompt tokens that came from another engine. */
  readonly fetchedTokens: number;
  readonly failedTransfers: number;
  readonly expiredLeases: number;
  readonly refusedRequests: number;
}

export interface EngineOptions {
  /** Tokens per block. */
  readonly blockSize: number;
  /** KV capacity in blocks. */
  readonly blockCount: number;
  /** Tokens computed in one step; vLLM's `max_num_batched_tokens`. */
  readonly stepTokensMax: number;
  /** Requests that run at a time; vLLM's `max_num_seqs`. */
  readonly runningMax: number;
  /** Requests that wait at a time; more are refused. */
  readonly waitingMax: number;
  readonly timing: TimingProfile;
  readonly transfer: TransferModel;
}

/** What vLLM has by default, on a worker with a million tokens of KV. */
export const ENGINE_OPTIONS_DEFAULT: EngineOptions = {
  blockSize: 64,
  blockCount: 16_384,
  stepTokensMax: 8_192,
  runningMax: 256,
  waitingMax: 8_192,
  timing: { kind: 'polynomial' },
  transfer: TRANSFER_MODEL_DEFAULT,
};
