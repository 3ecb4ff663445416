import type { DialectName } from '@kvasir/contract';
import type { ApiRequest, TokenUsage } from '@kvasir/openai';
import type { RequestId } from '@kvasir/units';
import type { EngineRequest } from './engine-client.js';

/** A client's request on its way to engines. */
export interface ServingRequest {
  readonly request: ApiRequest;
  /** Both legs carry it, so that the engines' logs can be followed. Unique among running requests. */
  readonly requestId: RequestId;
  /** Headers of the client that engines get too (names and values in turn), e.g. `traceparent`. */
  readonly forwardedHeaders: readonly string[];
}

/** What a decode worker needs to fetch the KV cache that a prefill worker has computed. Opaque: passed on byte for byte. */
export interface Handover {
  readonly json: Buffer;
}

/** What must be known of the answer of a prefill leg. */
export type PrefillAnswer =
  | { readonly kind: 'handover'; readonly handover: Handover; readonly usage: TokenUsage | null }
  /** The engine has nothing to hand over (it may have aborted): the decode leg runs plain. */
  | { readonly kind: 'nothingToFetch'; readonly usage: TokenUsage | null }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** How a request is to be run on a disaggregated deployment. */
export type LegPlan =
  /** Prefill first, then decode with what prefill answered. */
  | { readonly kind: 'serial' }
  /** One leg: the engine's hand-over does not cover such a request. */
  | { readonly kind: 'aggregated'; readonly reason: AggregatedReason };

export type AggregatedReason = 'relayed' | 'severalPrompts' | 'severalChoices' | 'promptLogprobs';

/**
 * How one kind of engine is spoken to. Stateless; builds requests and reads answers, sends nothing.
 * `rank` is the data-parallel rank to ask for; null when the engine has only one.
 */
export interface EngineDialect {
  readonly name: DialectName;
  plan(request: ApiRequest): LegPlan;
  prefillLeg(serving: ServingRequest, rank: number | null): EngineRequest;
  readPrefillAnswer(json: Buffer): PrefillAnswer;
  /** @param handover null computes the prompt on the decode worker. */
  decodeLeg(serving: ServingRequest, handover: Handover | null, rank: number | null): EngineRequest;
  /** The client's body as it came, but for what a client may not ask of an engine. */
  aggregatedLeg(serving: ServingRequest, rank: number | null): EngineRequest;
  /**
   * What to send to a decode worker when the client has left after the prefill leg, so that the prefill worker's memory is released before its
   * lease ends; null when nothing better than the lease is known.
   */
  releaseLeg(serving: ServingRequest, handover: Handover, rank: number | null): EngineRequest | null;
  /** A real generation of one token: what a worker must answer before it gets work again after a fault. */
  probe(model: string): EngineRequest;
}
