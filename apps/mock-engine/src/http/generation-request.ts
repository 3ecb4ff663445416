import type { CacheNamespace } from '@kvasir/block-hash';
import { FIELD_BYTES_MAX, parseChatRequest, parseCompletionRequest } from '@kvasir/openai';
import type { PromptRequest } from '@kvasir/openai';
import type { Adapters } from '../adapters.js';
import type { EngineApi } from '../dialects/engine-api.js';
import { readTransferWish } from '../transfer/transfer-params.js';
import type { TransferWish } from '../transfer/transfer-params.js';
import { engineError } from './engine-error.js';
import type { EngineError } from './engine-error.js';

/** A request as the engine needs it, all but its token ids. */
export interface GenerationRequest {
  readonly api: PromptRequest;
  /** Null: until it ends by itself or the context is full. */
  readonly outputTokensMax: number | null;
  readonly outputTokensMin: number;
  readonly ignoresEnd: boolean;
  readonly stops: readonly string[];
  readonly addsSpecialTokens: boolean;
  /** The request's own seed; 0 without one. */
  readonly seed: number;
  readonly namespace: CacheNamespace;
  readonly transfer: TransferWish;
}

export type GenerationReading =
  | { readonly kind: 'ok'; readonly request: GenerationRequest }
  | { readonly kind: 'invalid'; readonly error: EngineError };

const STOPS_MAX = 4;

/** Reads a body of either endpoint, with the fields that engines have beyond OpenAI's. */
export function readGenerationRequest(
  kind: PromptRequest['kind'],
  bytes: Uint8Array,
  served: { readonly model: string; readonly adapters: Pick<Adapters, 'has'>; readonly api: EngineApi },
): GenerationReading {
  const reading = kind === 'chat' ? parseChatRequest(bytes) : parseCompletionRequest(bytes);
  if (reading.kind === 'invalid') {
    const { status, message, param } = reading.error;
    return { kind: 'invalid', error: engineError(status, message, param) };
  }
  const api: PromptRequest = reading.request;
  const refused = served.api.refusedField(api.body);
  if (refused !== null) return { kind: 'invalid', error: refused };
  const loraName = served.adapters.has(api.model) ? api.model : undefined;
  if (api.model !== served.model && loraName === undefined)
    return invalid(404, `The model \`${api.model}\` does not exist.`, 'model');
  const fields = fieldsOf(api);
  const outputTokensMin = fields['min_tokens'] ?? 0;
  if (!isCount(outputTokensMin))
    return invalid(400, `min_tokens must be greater than or equal to 0, got ${show(outputTokensMin)}.`);
  if (api.outputTokensMax !== null && api.outputTokensMax < 1)
    return invalid(400, `max_tokens must be at least 1, got ${api.outputTokensMax}.`, 'max_tokens');
  if (api.outputTokensMax !== null && outputTokensMin > api.outputTokensMax)
    return invalid(
      400,
      `min_tokens must be less than or equal to max_tokens=${api.outputTokensMax}, got ${outputTokensMin}.`,
    );
  const stops = readStops(fields['stop']);
  if (stops === null)
    return invalid(400, `stop must be a string or at most ${STOPS_MAX} strings, none empty.`, 'stop');
  return {
    kind: 'ok',
    request: {
      api,
      outputTokensMax: api.outputTokensMax,
      outputTokensMin,
      ignoresEnd: fields['ignore_eos'] === true,
      stops,
      addsSpecialTokens: fields['add_special_tokens'] !== false,
      seed: isCount(fields['seed']) ? fields['seed'] : 0,
      namespace: { loraName, cacheSalt: api.cacheSalt ?? undefined },
      transfer: readTransferWish(served.api.transfersBlocks ? fields['kv_transfer_params'] : null),
    },
  };
}

/** Those that vLLM reads beyond OpenAI's; one that is too long to be a value is as good as none. */
function fieldsOf({ body }: PromptRequest): Readonly<Record<string, unknown>> {
  const names = OWN_FIELDS.filter((name) => (body.raw(name)?.length ?? 0) <= FIELD_BYTES_MAX);
  return Object.fromEntries(names.map((name) => [name, body.value(name)]));
}

const OWN_FIELDS = ['min_tokens', 'stop', 'ignore_eos', 'add_special_tokens', 'seed', 'kv_transfer_params'];

function readStops(value: unknown): readonly string[] | null {
  if (value === undefined || value === null) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = list.filter((item): item is string => typeof item === 'string' && item !== '');
  return texts.length === list.length && list.length <= STOPS_MAX ? texts : null;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function show(value: unknown): string {
  return JSON.stringify(value);
}

function invalid(status: number, message: string, param: string | null = null): GenerationReading {
  return { kind: 'invalid', error: engineError(status, message, param) };
}
