import { FIELD_BYTES_MAX, openAiError } from '@kvasir/openai';
import type { ApiRequest, OpenAiError } from '@kvasir/openai';

/** How many tokens a prompt may have, and how many of them the engine takes. */
export interface PromptLimit {
  /** A prompt of more cannot be served; without end when the engine shortens it. */
  readonly tokensMax: number;
  /** The engine takes the last of a prompt, this many; null takes all. */
  readonly keptTokens: number | null;
}

/** `truncate_prompt_tokens` asks the engine to shorten prompts: whether it may, and by how much, is the engine's to judge. */
export function promptLimit(request: ApiRequest, contextTokensMax: number): PromptLimit {
  const wanted = truncation(request);
  if (wanted === null)
    return { tokensMax: Math.max(0, contextTokensMax - outputTokens(request)), keptTokens: null };
  if (wanted === -1) return { tokensMax: Infinity, keptTokens: contextTokensMax };
  const isCount = typeof wanted === 'number' && Number.isSafeInteger(wanted) && wanted > 0;
  return { tokensMax: Infinity, keptTokens: isCount ? wanted : null };
}

/** The tokens that the engine takes of a prompt: those that its cache is asked for. */
export function keptOf(tokens: Uint32Array, { keptTokens }: PromptLimit): Uint32Array {
  return keptTokens === null ? tokens : tokens.slice(Math.max(0, tokens.length - keptTokens));
}

/** @param promptTokens as told to the client, e.g. `1200` or `more than 1000`. */
export function contextError(
  request: ApiRequest,
  contextTokensMax: number,
  promptTokens: string,
): OpenAiError {
  return openAiError(
    'context_length_exceeded',
    `The context of this model is ${contextTokensMax} tokens, but the request has ${promptTokens} in the prompt and asks for ${outputTokens(request)} of output`,
    request.kind === 'chat' ? 'messages' : 'prompt',
  );
}

function outputTokens(request: ApiRequest): number {
  return request.outputTokensMax ?? 1;
}

function truncation({ body }: ApiRequest): unknown {
  const name = 'truncate_prompt_tokens';
  const raw = body.raw(name);
  if (raw === null) return null;
  // What is too long to be read here is no number.
  return raw.length > FIELD_BYTES_MAX ? undefined : body.value(name);
}
