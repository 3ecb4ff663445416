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
  /**
   * The engine is asked for the usage of a stream, though the client has not asked for it: who sets this takes the event out again, and counts
   * tokens by it. An engine may put several tokens, or none, into one event.
   */
  readonly asksForUsage: boolean;
}

/** What a decode worker needs to fetch the KV cache that a prefill worker has computed. Opaque: passed on byte for byte. */
export interface Handover {
  /** Only engines of this dialect can fetch it. */
  readonly dialect: DialectName;
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
  /** How a prompt is computed on one worker and decoded on another; null when no plan for that is known: requests run in one leg. */
  readonly handover: HandoverLegs | null;
  /** The client's body as it came, but for what a client may not ask of an engine. Fields that only some engines know are for the engine to judge. */
  aggregatedLeg(serving: ServingRequest, rank: number | null): EngineRequest;
  /** A real generation of one token: what a worker must answer before it gets work again after a fault. */
  probe(model: string): EngineRequest;
}

/** The legs of a request whose prompt one worker computes and another one decodes. Both speak the same dialect. */
export interface HandoverLegs {
  plan(request: ApiRequest): LegPlan;
  prefillLeg(serving: ServingRequest, rank: number | null): EngineRequest;
  readPrefillAnswer(json: Buffer): PrefillAnswer;
  /** Without a hand-over the decode worker computes the prompt too: `aggregatedLeg`. */
  decodeLeg(serving: ServingRequest, handover: Handover, rank: number | null): EngineRequest;
  /**
   * What to send to a decode worker when the client has left after the prefill leg, so that the prefill worker's memory is released before its
   * lease ends; null when nothing better than the lease is known.
   */
  releaseLeg(serving: ServingRequest, handover: Handover, rank: number | null): EngineRequest | null;
}
