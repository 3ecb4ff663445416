import type { ApiRequest } from '@kvasir/openai';

/** Tokens that even a slow engine computes in a ms of prefill. */
const PREFILL_TOKENS_PER_MS = 10;
/** How long even a slow engine takes for a token of output, in ms. */
const OUTPUT_TOKEN_MS = 10;
/** Output that a request is taken for which names no limit, in tokens. */
const OUTPUT_TOKENS_ASSUMED = 100;
/** Longest that an answer in one piece is waited for before its worker is asked whether it is well, in ms. */
const WHOLE_ANSWER_MS_MAX = 10_000;

/** How long an engine may well say nothing before the first byte of a prefill leg's answer, in ms. */
export function prefillPatienceMs(tokens: Uint32Array): number {
  return tokens.length / PREFILL_TOKENS_PER_MS;
}

/** The same for a leg that generates: an answer in one piece has no byte before the last token. */
export function generationPatienceMs(tokens: Uint32Array, request: ApiRequest): number {
  const prefillMs = prefillPatienceMs(tokens);
  if (request.isStream) return prefillMs;
  const outputTokens = request.outputTokensMax ?? OUTPUT_TOKENS_ASSUMED;
  return prefillMs + Math.min(outputTokens * OUTPUT_TOKEN_MS, WHOLE_ANSWER_MS_MAX);
}
