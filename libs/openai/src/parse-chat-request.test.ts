import { describe, expect, it } from 'vitest';
import { chatRequestReader, parseChatRequest } from './parse-chat-request.js';

const parse = (fields: unknown) =>
  parseChatRequest(Buffer.from(typeof fields === 'string' ? fields : JSON.stringify(fields)));
const good = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] };

describe('parseChatRequest()', () => {
  it('reads what routing needs and leaves the rest', () => {
    const reading = parse({
      ...good,
      stream: true,
      stream_options: { include_usage: true },
      max_completion_tokens: 7,
      max_tokens: 9,
      n: 2,
      tools: [{ type: 'function' }],
      cache_salt: 's',
      add_generation_prompt: false,
      chat_template_kwargs: { thinking: true },
      temperature: 'not looked at',
    });
    if (reading.kind !== 'ok') throw new TypeError(reading.error.message);
    const { body, ...request } = reading.request;
    expect(request).toEqual({
      kind: 'chat',
      model: 'm',
      messages: Buffer.from(JSON.stringify(good.messages)),
      isStream: true,
      includesUsage: true,
      outputTokensMax: 7,
      choiceCount: 2,
      cacheSalt: 's',
      hints: { ttftTargetMs: null, itlTargetMs: null, priority: null, sessionId: null },
      tools: Buffer.from('[{"type":"function"}]'),
      addsGenerationPrompt: false,
      templateVariables: Buffer.from('{"thinking":true}'),
    });
    expect(body.value('temperature')).toBe('not looked at');
  });

  it('takes null for absent, and defaults', () => {
    const reading = parse({ ...good, stream: null, max_tokens: null, tools: null, stream_options: null });
    expect(reading).toMatchObject({
      kind: 'ok',
      request: { isStream: false, outputTokensMax: null, choiceCount: 1, tools: null, includesUsage: false },
    });
  });

  it('leaves what stands in messages to the engine', () => {
    const messages = [{ role: 5 }, 'x', null, { content: [7] }];
    expect(parse({ ...good, messages, best_of: 3 })).toMatchObject({
      kind: 'ok',
      request: { choiceCount: 3, messages: Buffer.from(JSON.stringify(messages)) },
    });
  });

  it.each([
    ['', 'malformed_json', null, /empty/],
    ['{"model": ', 'malformed_json', null, /not valid JSON/],
    ['[1]', 'malformed_json', null, /must be a JSON object/],
    ['null', 'malformed_json', null, /must be a JSON object/],
    [{ messages: good.messages }, 'missing_required_parameter', 'model', /'model' is required/],
    [{ ...good, model: 7 }, 'invalid_type', 'model', /must be a string, received a number/],
    [{ ...good, model: '' }, 'invalid_value', 'model', /must not be empty/],
    [{ model: 'm' }, 'missing_required_parameter', 'messages', /'messages' is required/],
    [{ model: 'm', messages: 'Hi' }, 'invalid_type', 'messages', /must be an array, received a string/],
    [{ model: 'm', messages: [] }, 'invalid_value', 'messages', /at least one/],
    ['{"model":"m","messages":[ ]}', 'invalid_value', 'messages', /at least one/],
    [{ ...good, stream: 'yes' }, 'invalid_type', 'stream', /must be a boolean, received a string/],
    [{ ...good, stream_options: [] }, 'invalid_type', 'stream_options', /an object, received an array/],
    [
      { ...good, stream_options: { include_usage: 1 } },
      'invalid_type',
      'stream_options.include_usage',
      /must be a boolean/,
    ],
    [{ ...good, max_tokens: -1 }, 'invalid_value', 'max_tokens', /at least 1, received -1/],
    [{ ...good, max_tokens: 1.5 }, 'invalid_value', 'max_tokens', /whole number/],
    [{ ...good, max_tokens: '5' }, 'invalid_type', 'max_tokens', /received a string/],
    [{ ...good, max_completion_tokens: 0 }, 'invalid_value', 'max_completion_tokens', /at least 1/],
    [{ ...good, n: 0 }, 'invalid_value', 'n', /at least 1/],
    [{ ...good, n: 129 }, 'invalid_value', 'n', /at most 128 here, received 129/],
    [{ ...good, best_of: 1e9 }, 'invalid_value', 'best_of', /at most 128/],
    [{ ...good, max_tokens: 1e12 }, 'invalid_value', 'max_tokens', /at most 10000000/],
    [{ ...good, logprobs: true, top_logprobs: 129 }, 'invalid_value', 'top_logprobs', /from 0 to 128/],
    [{ ...good, prompt_logprobs: -1 }, 'invalid_value', 'prompt_logprobs', /received -1/],
    [{ ...good, stop: new Array(65).fill('a') }, 'invalid_value', 'stop', /at most 64 strings, received 65/],
    [{ ...good, stop: ['a', 'b'.repeat(1025)] }, 'invalid_value', 'stop', /received one of 1025/],
    [{ ...good, stop: 'b'.repeat(1025) }, 'invalid_value', 'stop', /received one of 1025/],
    [{ ...good, stop: 'b'.repeat(70_000) }, 'invalid_value', 'stop', /at most 65536 bytes/],
    [{ ...good, model: 'b'.repeat(70_000) }, 'invalid_value', 'model', /at most 65536 bytes/],
    [{ ...good, tools: {} }, 'invalid_type', 'tools', /must be an array/],
    [{ ...good, cache_salt: '' }, 'invalid_value', 'cache_salt', /1 to 1024 characters/],
  ])('answers %j with %s', (body, code, param, message) => {
    const reading = parse(body);
    if (reading.kind !== 'invalid') throw new TypeError('it was taken');
    expect(reading.error).toMatchObject({ status: 400, type: 'invalid_request_error', code, param });
    expect(reading.error.message).toMatch(message);
  });

  it('leaves types of what the engine judges to the engine', () => {
    expect(parse({ ...good, logprobs: true, top_logprobs: 'x', stop: 5, temperature: [] }).kind).toBe('ok');
  });

  it('reads the same in steps', () => {
    const bytes = Buffer.from(JSON.stringify({ ...good, user: 'x'.repeat(500) }));
    const reader = chatRequestReader(bytes);
    let steps = 0;
    for (let reading = reader.step(0); reading === null; reading = reader.step(100)) steps += 1;
    expect(steps).toBeGreaterThan(4);
    expect(reader.bytesLeft).toBe(0);
  });

  it('refuses bytes that are no UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('{"model":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    expect(parseChatRequest(bytes)).toMatchObject({ kind: 'invalid', error: { code: 'invalid_utf8' } });
  });

  it('reads a view into a larger buffer', () => {
    const text = JSON.stringify(good);
    const larger = Buffer.from(`xx${text}yy`);
    const view = new Uint8Array(larger.buffer, larger.byteOffset + 2, text.length);
    expect(parseChatRequest(view)).toMatchObject({ kind: 'ok' });
  });
});
