import { seededPrng } from '@kvasir/units';
import { TRACE_BLOCK_TOKENS } from './trace.js';
import type { TraceRequest } from './trace.js';

/** Lowest ids of a vocabulary are often control tokens. */
const FIRST_TOKEN = 16;

/**
 * Token ids for a request: a block's tokens depend on its hash id alone, so prompts share exactly the prefixes that the trace says they share.
 * @param tokensMax longer prompts are cut.
 */
export function promptTokens(
  { blockIds, inputTokens }: TraceRequest,
  options: { readonly vocabularySize: number; readonly tokensMax: number },
): number[] {
  const { vocabularySize, tokensMax } = options;
  const wanted = Math.min(inputTokens, tokensMax);
  const tokens: number[] = [];
  for (const id of blockIds) {
    const prng = seededPrng(id);
    const end = Math.min(tokens.length + TRACE_BLOCK_TOKENS, wanted);
    while (tokens.length < end)
      tokens.push(FIRST_TOKEN + Math.floor(prng() * (vocabularySize - FIRST_TOKEN)));
    if (tokens.length >= wanted) break;
  }
  return tokens;
}
