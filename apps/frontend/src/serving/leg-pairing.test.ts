import type { DialectName } from '@kvasir/contract';
import { parseCompletionRequest } from '@kvasir/openai';
import type { ApiRequest } from '@kvasir/openai';
import { describe, expect, it } from 'vitest';
import { pairLegs } from './leg-pairing.js';

function request(fields: object = {}): ApiRequest {
  const reading = parseCompletionRequest(
    Buffer.from(JSON.stringify({ model: 'm', prompt: 'Hi', ...fields })),
  );
  if (reading.kind === 'invalid') throw new TypeError(reading.error.message);
  return reading.request;
}
const speaking = (...names: DialectName[]): ReadonlySet<DialectName> => new Set(names);

describe('pairLegs()', () => {
  it('pairs workers that hand over to each other, whoever else is in the pools', () => {
    const pair = { kind: 'possible', dialects: speaking('vllm') };
    expect(pairLegs(request(), speaking('vllm'), speaking('vllm'))).toEqual(pair);
    expect(pairLegs(request(), speaking('sglang', 'vllm'), speaking('trtllm', 'vllm'))).toEqual(pair);
  });

  it.each([
    [speaking('vllm'), speaking('sglang')],
    [speaking('sglang'), speaking('vllm')],
    // Of one kind, but without a plan of how.
    [speaking('sglang'), speaking('sglang')],
    [speaking(), speaking('vllm')],
  ])('does not pair %j with %j', (prefill, decode) => {
    expect(pairLegs(request(), prefill, decode)).toEqual({ kind: 'impossible', reason: 'noCommonDialect' });
  });

  it('says what of the request stands against it', () => {
    expect(pairLegs(request({ n: 2 }), speaking('vllm'), speaking('vllm'))).toEqual({
      kind: 'impossible',
      reason: 'severalChoices',
    });
  });
});
