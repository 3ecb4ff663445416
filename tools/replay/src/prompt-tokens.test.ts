import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { promptTokens } from './prompt-tokens.js';
import { TRACE_BLOCK_TOKENS } from './trace.js';

const limits = { vocabularySize: 1_437, tokensMax: 100_000 };
const request = (blockIds: readonly number[], lastTokens = TRACE_BLOCK_TOKENS) => ({
  arrivalMs: 0,
  outputTokens: 1,
  blockIds,
  inputTokens: (blockIds.length - 1) * TRACE_BLOCK_TOKENS + lastTokens,
});
const ids = fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 5 });

describe('promptTokens()', () => {
  it('shares exactly the prefixes that the ids share', () => {
    fc.assert(
      fc.property(ids, ids, (one, other) => {
        const [left, right] = [promptTokens(request(one), limits), promptTokens(request(other), limits)];
        let shared = 0;
        while (shared < one.length && shared < other.length && one[shared] === other[shared]) shared += 1;
        const end = shared * TRACE_BLOCK_TOKENS;
        expect(left.slice(0, end)).toEqual(right.slice(0, end));
        if (shared < one.length && shared < other.length)
          expect(left.slice(end, end + 64)).not.toEqual(right.slice(end, end + 64));
      }),
      { numRuns: 50 },
    );
  });

  it('is as long as the request, and all of it is in the vocabulary', () => {
    const tokens = promptTokens(request([1, 2, 3], 7), limits);
    expect(tokens).toHaveLength(2 * TRACE_BLOCK_TOKENS + 7);
    expect(Math.max(...tokens)).toBeLessThan(1_437);
  });

  it('is cut at the limit', () => {
    expect(promptTokens(request([1, 2]), { ...limits, tokensMax: 600 })).toHaveLength(600);
  });
});
