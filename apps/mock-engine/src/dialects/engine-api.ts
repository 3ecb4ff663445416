import type { DialectName } from '@kvasir/contract';
import type { EventFormat } from '@kvasir/engine-events';
import type { JsonBody, PromptRequest, Usage } from '@kvasir/openai';
import type { EngineError } from '../http/engine-error.js';

/** What an engine names in its list of models. */
export interface ServedModel {
  readonly name: string;
  readonly createdEpochS: number;
  /** Null for an adapter. */
  readonly contextTokensMax: number | null;
  /** Model of an adapter. */
  readonly parent: string | null;
}

/** The asked-for rank as it stands in a request, or nothing. */
export interface RankWish {
  readonly value: unknown;
  /** What the engine calls it in an error. */
  readonly name: string;
}

/** Where the OpenAI servers of vLLM, SGLang and TensorRT-LLM differ. Everything else is one mock. */
export interface EngineApi {
  readonly name: DialectName;
  /** Wire format of its KV events when nothing else is asked for. */
  readonly eventFormat: EventFormat;
  /** Blocks can be handed to another engine by `kv_transfer_params`. */
  readonly transfersBlocks: boolean;
  /** Body of an answer with an error status. */
  errorBody(error: EngineError): object;
  /** What a stream says of a failure after its head. */
  errorEvent(error: EngineError): object;
  /** Why a request is refused for a field alone; null when it is not. */
  refusedField(body: JsonBody): EngineError | null;
  rankWish(headers: Readonly<Record<string, string | string[] | undefined>>, body: JsonBody): RankWish | null;
  /** `id` of an answer. */
  answerId(kind: PromptRequest['kind'], requestId: string): string;
  /** Id of a request that brings its own; null when it brings none. */
  requestId(headers: Readonly<Record<string, string | string[] | undefined>>, body: JsonBody): string | null;
  /** The answer's head says the id. */
  readonly tellsRequestId: boolean;
  /** @param reportsCached it was started to say how many tokens it found cached. */
  usage(usage: Usage, reportsCached: boolean): object;
  /** Members of each choice beside OpenAI's, and of each chunk. */
  readonly choiceMembers: object;
  readonly chunkMembers: object;
  modelCard(model: ServedModel): object;
}

/** A header that has one value. */
export function headerText(value: string | string[] | undefined): string | null {
  const text = Array.isArray(value) ? value[0] : value;
  return text === undefined || text === '' ? null : text;
}

/** Prefix that OpenAI gives the ids of answers. */
export function idPrefix(kind: PromptRequest['kind']): string {
  return kind === 'chat' ? 'chatcmpl' : 'cmpl';
}
