import { FIELD_BYTES_MAX } from './json-body.js';
import { JsonBodyReader } from './json-body-reader.js';
import type { JsonBodyReading } from './json-body-reader.js';
import type { JsonBody } from './json-body.js';
import { OPEN_BRACKET, QUOTE } from './json-members.js';
import type { PromptItem, WalkedPrompt } from './json-walk.js';
import { rawTypeName, RequestFields, typeName } from './request-fields.js';
import { REQUEST_LIMITS } from './request-limits.js';
import type { RequestLimits } from './request-limits.js';
import { readAllSteps } from './request-reading.js';
import type { RequestReadingOptions } from './request-reading.js';
import type { CompletionPrompt, CompletionRequest, RequestReader, RequestReading } from './requests.js';
import { readCommonFields } from './routed-fields.js';

const TOKEN_ID_MAX = 0xffff_ffff;

/**
 * Reads a body of `/v1/completions` as far as routing needs it: `prompt` as a string, token ids, or an array of either.
 * A prompt of token ids is read from the bytes at about the speed of copying them and never passes through JavaScript values; texts stay bytes.
 * @param bytes kept by the request; not to be changed afterwards.
 */
export function parseCompletionRequest(
  bytes: Uint8Array,
  options: RequestReadingOptions = {},
): RequestReading<CompletionRequest> {
  return readAllSteps(completionRequestReader(bytes, options));
}

/** As `parseCompletionRequest`, in steps. */
export function completionRequestReader(
  bytes: Uint8Array,
  { limits = REQUEST_LIMITS, onlyModel = null }: RequestReadingOptions = {},
): RequestReader<CompletionRequest> {
  const reader = new JsonBodyReader(bytes, limits, 'prompt');
  return {
    get bytesLeft() {
      return reader.bytesLeft;
    },
    step(bytesMax) {
      const reading = reader.step(bytesMax);
      return reading?.kind === 'ok' ? readFields(reading, limits, onlyModel) : reading;
    },
  };
}

function readFields(
  { body, prompt }: Extract<JsonBodyReading, { kind: 'ok' }>,
  limits: RequestLimits,
  onlyModel: string | null,
): RequestReading<CompletionRequest> {
  const fields = new RequestFields(body);
  const common = readCommonFields(fields, limits, { outputTokensMin: 0, onlyModel });
  const prompts = readPrompts(fields, body, { prompt, promptsMax: limits.promptsMax });
  const wantsPromptLogprobs = readWantsPromptLogprobs(fields);
  if (fields.error !== null) return { kind: 'invalid', error: fields.error };
  return { kind: 'ok', request: { kind: 'completion', ...common, prompts, wantsPromptLogprobs, body } };
}

function readWantsPromptLogprobs(fields: RequestFields): boolean {
  return fields.has('prompt_logprobs') || (fields.flag('echo', false) && fields.has('logprobs'));
}

function readPrompts(
  fields: RequestFields,
  { bytes }: JsonBody,
  { prompt, promptsMax }: { readonly prompt: WalkedPrompt | null; readonly promptsMax: number },
): readonly CompletionPrompt[] {
  const tokens = prompt?.tokens ?? null;
  if (tokens !== null) return [{ kind: 'tokens', tokens }];
  const raw = fields.raw('prompt');
  if (prompt === null || raw === null) {
    fields.reject('missing_required_parameter', `'prompt' is required`, 'prompt');
    return [];
  }
  if (raw[0] === QUOTE) return [readText(fields, raw, 'prompt')];
  if (raw[0] !== OPEN_BRACKET) {
    wrongPrompt(fields, raw, 'prompt');
    return [];
  }
  const { items, itemCount } = prompt;
  const [first] = items;
  if (first === undefined) {
    fields.reject('invalid_value', `'prompt' must not be empty`, 'prompt');
    return [];
  }
  if (isNumber(bytes, first)) return [readUnusualTokens(fields, raw, 'prompt')];
  if (itemCount > promptsMax) {
    const message = `'prompt' must have at most ${promptsMax} prompts, received ${itemCount}`;
    fields.reject('invalid_value', message, 'prompt');
    return [];
  }
  return items.map((item, index) => readPrompt(fields, bytes, { item, param: `prompt[${index}]` }));
}

function isNumber(bytes: Buffer, { start }: PromptItem): boolean {
  const byte = bytes[start] ?? 0;
  return byte !== QUOTE && byte <= 0x39;
}

function readPrompt(
  fields: RequestFields,
  bytes: Buffer,
  { item, param }: { readonly item: PromptItem; readonly param: string },
): CompletionPrompt {
  if (item.tokens !== null) return { kind: 'tokens', tokens: item.tokens };
  const raw = bytes.subarray(item.start, item.end);
  if (raw[0] === QUOTE) return readText(fields, raw, param);
  if (raw[0] === OPEN_BRACKET) return readUnusualTokens(fields, raw, param);
  wrongPrompt(fields, raw, param);
  return NO_PROMPT;
}

const NO_PROMPT: CompletionPrompt = { kind: 'text', json: Buffer.from('""') };

function wrongPrompt(fields: RequestFields, raw: Buffer, param: string): void {
  fields.reject(
    'invalid_type',
    `'${param}' must be a string or an array of token ids, received ${rawTypeName(raw)}`,
    param,
  );
}

function readText(fields: RequestFields, json: Buffer, param: string): CompletionPrompt {
  if (json.length === 2) fields.reject('invalid_value', `'${param}' must not be empty`, param);
  return { kind: 'text', json };
}

/** Ids that are spelt as `1.0` or `1e3`, or none at all: made values, of which a long prompt must have none. */
function readUnusualTokens(fields: RequestFields, raw: Buffer, param: string): CompletionPrompt {
  if (fields.error !== null) return NO_PROMPT;
  if (raw.length > FIELD_BYTES_MAX) {
    fields.reject('invalid_value', `'${param}' must have token ids only, in plain digits`, param);
    return NO_PROMPT;
  }
  return readTokens(fields, JSON.parse(raw.toString('utf8')) as readonly unknown[], param);
}

function readTokens(fields: RequestFields, items: readonly unknown[], param: string): CompletionPrompt {
  if (items.length === 0) fields.reject('invalid_value', `'${param}' must not be empty`, param);
  const tokens = new Uint32Array(items.length);
  for (let index = 0; index < items.length; index += 1) {
    const id = items[index];
    if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= TOKEN_ID_MAX) {
      tokens[index] = id;
      continue;
    }
    const received = typeof id === 'number' ? String(id) : typeName(id);
    fields.reject(
      typeof id === 'number' ? 'invalid_value' : 'invalid_type',
      `'${param}[${index}]' must be a token id, a whole number from 0 to ${TOKEN_ID_MAX}, received ${received}`,
      `${param}[${index}]`,
    );
    break;
  }
  return { kind: 'tokens', tokens };
}
