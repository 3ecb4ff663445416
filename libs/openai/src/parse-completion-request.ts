import { readJsonBody } from './json-body.js';
import { RequestFields, typeName } from './request-fields.js';
import type { CompletionPrompt, CompletionRequest, RequestReading } from './requests.js';
import { readCommonFields } from './routed-fields.js';

/** Prompts that one request may have, as for OpenAI. */
export const PROMPTS_PER_REQUEST_MAX = 2048;

const TOKEN_ID_MAX = 0xffff_ffff;

/**
 * Reads a body of `/v1/completions` as far as routing needs it: `prompt` as a string, token ids, or an array of either.
 * A prompt of token ids is read from the bytes at about the speed of copying them and never passes through JavaScript values.
 * @param bytes kept by the request; not to be changed afterwards.
 * @param onlyModel the model of a request that names none, as engines take it; null refuses such a request.
 */
export function parseCompletionRequest(
  bytes: Uint8Array,
  onlyModel: string | null = null,
): RequestReading<CompletionRequest> {
  const reading = readJsonBody(bytes, 'prompt');
  if (reading.kind === 'invalid') return reading;
  const { body, tokens } = reading;
  const fields = new RequestFields(body.fields);
  const common = readCommonFields(fields, 0, onlyModel);
  const prompts = tokens === null ? readPrompts(fields) : [{ kind: 'tokens', tokens } as const];
  const wantsPromptLogprobs = readWantsPromptLogprobs(fields);
  if (fields.error !== null) return { kind: 'invalid', error: fields.error };
  return { kind: 'ok', request: { kind: 'completion', ...common, prompts, wantsPromptLogprobs, body } };
}

function readWantsPromptLogprobs(fields: RequestFields): boolean {
  return fields.has('prompt_logprobs') || (fields.flag('echo', false) && fields.has('logprobs'));
}

function readPrompts(fields: RequestFields): readonly CompletionPrompt[] {
  const prompt = fields.value('prompt');
  if (prompt === undefined || prompt === null) {
    fields.reject('missing_required_parameter', `'prompt' is required`, 'prompt');
    return [];
  }
  if (typeof prompt === 'string') return [readText(fields, prompt, 'prompt')];
  if (!Array.isArray(prompt)) {
    wrongPrompt(fields, prompt, 'prompt');
    return [];
  }
  const items = prompt as readonly unknown[];
  if (items.length === 0) {
    fields.reject('invalid_value', `'prompt' must not be empty`, 'prompt');
    return [];
  }
  if (typeof items[0] === 'number') return [readTokens(fields, items, 'prompt')];
  if (items.length > PROMPTS_PER_REQUEST_MAX) {
    fields.reject(
      'invalid_value',
      `'prompt' must have at most ${PROMPTS_PER_REQUEST_MAX} prompts, received ${items.length}`,
      'prompt',
    );
    return [];
  }
  return items.map((item, index) => readPrompt(fields, item, `prompt[${index}]`));
}

function readPrompt(fields: RequestFields, item: unknown, param: string): CompletionPrompt {
  if (typeof item === 'string') return readText(fields, item, param);
  if (Array.isArray(item)) return readTokens(fields, item, param);
  wrongPrompt(fields, item, param);
  return NO_PROMPT;
}

const NO_PROMPT: CompletionPrompt = { kind: 'text', text: '' };

function wrongPrompt(fields: RequestFields, value: unknown, param: string): void {
  fields.reject(
    'invalid_type',
    `'${param}' must be a string or an array of token ids, received ${typeName(value)}`,
    param,
  );
}

function readText(fields: RequestFields, text: string, param: string): CompletionPrompt {
  if (text === '') fields.reject('invalid_value', `'${param}' must not be empty`, param);
  return { kind: 'text', text };
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
