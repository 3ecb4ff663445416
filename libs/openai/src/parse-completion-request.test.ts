import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCompletionRequest } from './parse-completion-request.js';
import type { CompletionRequest } from './requests.js';

const parse = (body: string) => parseCompletionRequest(Buffer.from(body));
const read = (body: string): CompletionRequest => {
  const reading = parse(body);
  if (reading.kind !== 'ok') throw new TypeError(reading.error.message);
  return reading.request;
};
const withPrompt = (prompt: string): string => `{"model":"m","prompt":${prompt},"max_tokens":5}`;
const prompts = (prompt: string): unknown[] =>
  read(withPrompt(prompt)).prompts.map((item) =>
    item.kind === 'text' ? (JSON.parse(item.json.toString()) as unknown) : [...item.tokens],
  );

describe('parseCompletionRequest()', () => {
  it.each([
    ['"Hi"', ['Hi']],
    ['["Hi","Ho"]', ['Hi', 'Ho']],
    ['[1,2,3]', [[1, 2, 3]]],
    ['[[1,2],[3]]', [[1, 2], [3]]],
    ['["Hi",[7]]', ['Hi', [7]]],
    ['[[1,2],[1.0],"\\u0048i"]', [[1, 2], [1], 'Hi']],
    ['[1.0,2e1]', [[1, 20]]],
    ['[ 1 , 2 ]', [[1, 2]]],
  ])('reads the prompt %s', (prompt, expected) => expect(prompts(prompt)).toEqual(expected));

  it('reads token ids without making values of them, and finds members around them', () => {
    const { body } = read('{"model":"m","prompt":[1,2,3],"seed":9007199254740993}');
    expect(body.members().map(({ key }) => key)).toEqual(['model', 'prompt', 'seed']);
    expect(body.bytes.toString()).toContain('[1,2,3]');
  });

  it('reads the same from bytes as from values, wherever the prompt stands', () => {
    const ids = fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { minLength: 1 });
    fc.assert(
      fc.property(ids, fc.string(), fc.boolean(), (tokens, text, isFirst) => {
        const fields = isFirst ? { prompt: tokens, user: text } : { user: text, prompt: tokens };
        const request = read(JSON.stringify({ ...fields, model: 'm', max_tokens: 3 }));
        expect(request.prompts).toEqual([{ kind: 'tokens', tokens: Uint32Array.from(tokens) }]);
        expect(request.body.value('user')).toBe(text);
        expect(request.outputTokensMax).toBe(3);
      }),
    );
  });

  it('takes the last of equal keys, as JSON.parse does', () => {
    expect(read('{"model":"m","prompt":[1,2],"prompt":"x"}').prompts).toEqual([
      { kind: 'text', json: Buffer.from('"x"') },
    ]);
    expect(read('{"model":"m","prompt":"x","prompt":[1,2]}').prompts).toEqual([
      { kind: 'tokens', tokens: Uint32Array.of(1, 2) },
    ]);
  });

  it('allows no output at all: prompts are scored so', () => {
    expect(read('{"model":"m","prompt":"x","max_tokens":0,"echo":true,"logprobs":1}')).toMatchObject({
      outputTokensMax: 0,
      wantsPromptLogprobs: true,
    });
    expect(read('{"model":"m","prompt":"x","logprobs":1}').wantsPromptLogprobs).toBe(false);
    expect(read('{"model":"m","prompt":"x","prompt_logprobs":0}').wantsPromptLogprobs).toBe(true);
  });

  it.each([
    ['{"model":"m"}', 'missing_required_parameter', 'prompt', /is required/],
    [withPrompt('null'), 'missing_required_parameter', 'prompt', /is required/],
    [withPrompt('""'), 'invalid_value', 'prompt', /must not be empty/],
    [withPrompt('[]'), 'invalid_value', 'prompt', /must not be empty/],
    [withPrompt('[[]]'), 'invalid_value', 'prompt[0]', /must not be empty/],
    [withPrompt('["a",""]'), 'invalid_value', 'prompt[1]', /must not be empty/],
    [withPrompt('{}'), 'invalid_type', 'prompt', /string or an array of token ids, received an object/],
    [withPrompt('[1,-2]'), 'invalid_value', 'prompt[1]', /token id.*received -2/],
    [withPrompt('[1,2.5]'), 'invalid_value', 'prompt[1]', /received 2.5/],
    [withPrompt('[1,"two"]'), 'invalid_type', 'prompt[1]', /received a string/],
    [withPrompt('["a",1]'), 'invalid_type', 'prompt[1]', /received a number/],
    [withPrompt('[4294967296]'), 'invalid_value', 'prompt[0]', /4294967295/],
    [
      withPrompt(JSON.stringify(new Array(2049).fill('a'))),
      'invalid_value',
      'prompt',
      /at most 2048 prompts/,
    ],
    [withPrompt('[1,2'), 'malformed_json', null, /not valid JSON/],
    ['{"model":"m","prompt":[1,2],"x":}', 'malformed_json', null, /not valid JSON/],
    ['{"model":"m","prompt":[1,2],"max_tokens":-5}', 'invalid_value', 'max_tokens', /at least 0/],
  ])('answers %.60s with %s', (body, code, param, message) => {
    const reading = parse(body);
    if (reading.kind !== 'invalid') throw new TypeError('it was taken');
    expect(reading.error).toMatchObject({ status: 400, code, param });
    expect(reading.error.message).toMatch(message);
  });
});
