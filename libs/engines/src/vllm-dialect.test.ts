import { parseChatRequest, parseCompletionRequest } from '@kvasir/openai';
import type { ApiRequest } from '@kvasir/openai';
import { requestId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import type { EngineRequest } from './engine-client.js';
import { vllmDialect } from './vllm-dialect.js';

const request = (fields: Record<string, unknown>): ApiRequest => {
  const bytes = Buffer.from(JSON.stringify({ model: 'm', ...fields }));
  const reading = 'messages' in fields ? parseChatRequest(bytes) : parseCompletionRequest(bytes);
  if (reading.kind === 'invalid') throw new TypeError(reading.error.message);
  return reading.request;
};
const serving = (fields: Record<string, unknown>, forwardedHeaders: readonly string[] = []) => ({
  request: request(fields),
  requestId: requestId('r-1'),
  forwardedHeaders,
  asksForUsage: false,
});
const { handover } = vllmDialect;
const bodyOf = ({ body }: EngineRequest): unknown => JSON.parse(body.toString());
const chat = { messages: [{ role: 'user', content: 'Hi' }] };

describe('vllmDialect.handover.plan()', () => {
  it.each([
    [chat, { kind: 'serial' }],
    [{ prompt: 'Hi' }, { kind: 'serial' }],
    [{ prompt: ['Hi'] }, { kind: 'serial' }],
    [{ prompt: [1, 2] }, { kind: 'serial' }],
    [{ prompt: 'Hi', logprobs: 1 }, { kind: 'serial' }],
    [{ prompt: ['Hi', 'Ho'] }, { kind: 'aggregated', reason: 'severalPrompts' }],
    [
      { ...chat, n: 2 },
      { kind: 'aggregated', reason: 'severalChoices' },
    ],
    [
      { prompt: 'Hi', use_beam_search: true },
      { kind: 'aggregated', reason: 'severalChoices' },
    ],
    [
      { prompt: 'Hi', echo: true, logprobs: 1 },
      { kind: 'aggregated', reason: 'promptLogprobs' },
    ],
    [
      { ...chat, prompt_logprobs: 1 },
      { kind: 'aggregated', reason: 'promptLogprobs' },
    ],
  ])('plans %j', (fields, plan) => expect(handover.plan(request(fields))).toEqual(plan));
});

describe('vllmDialect legs', () => {
  const full = {
    ...chat,
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: 50,
    min_tokens: 9,
    min_completion_tokens: 9,
    seed: 5,
  };

  it('asks the prefill worker for one token and to keep the blocks', () => {
    const leg = handover.prefillLeg(serving(full), null);
    expect(leg.path).toBe('/v1/chat/completions');
    expect(leg.headers).toEqual(['content-type', 'application/json', 'x-request-id', 'r-1']);
    expect(bodyOf(leg)).toEqual({
      model: 'm',
      ...chat,
      seed: 5,
      stream: false,
      max_tokens: 1,
      kv_transfer_params: {
        do_remote_decode: true,
        do_remote_prefill: false,
        remote_engine_id: null,
        remote_block_ids: null,
        remote_host: null,
        remote_port: null,
      },
    });
  });

  it('limits max_completion_tokens only where the client has it', () => {
    expect(bodyOf(handover.prefillLeg(serving({ ...chat, max_completion_tokens: 8 }), null))).toMatchObject({
      max_completion_tokens: 1,
    });
    expect(bodyOf(handover.prefillLeg(serving(chat), null))).not.toHaveProperty('max_completion_tokens');
  });

  it('passes the hand-over on digit by digit, with the client’s body unchanged', () => {
    const params = '{"do_remote_prefill":true,"remote_block_ids":[[1,2]],"n":18446744073709551615}';
    const answer = handover.readPrefillAnswer(
      Buffer.from(
        `{"id":"x","usage":{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":4}},"kv_transfer_params": ${params} }`,
      ),
    );
    if (answer.kind !== 'handover') throw new TypeError(`it is ${answer.kind}`);
    expect(answer.usage).toEqual({ promptTokens: 9, completionTokens: 1, cachedTokens: 4 });
    const request = serving(full);
    const leg = handover.decodeLeg(request, answer.handover, 3);
    const own = request.request.body.bytes.toString();
    expect(leg.body.toString()).toBe(`${own.slice(0, -1)},"kv_transfer_params":${params}}`);
    expect(leg.headers.slice(-2)).toEqual(['x-data-parallel-rank', '3']);
  });

  it('sends the body as it came where nothing has to change', () => {
    const plain = serving(full, ['traceparent', '00-1']);
    expect(vllmDialect.aggregatedLeg(plain, null).body).toBe(plain.request.body.bytes);
    expect(vllmDialect.aggregatedLeg(plain, null).headers).toContain('traceparent');
  });

  it('never lets a client name where blocks are fetched from', () => {
    const own = serving({ ...full, kv_transfer_params: { remote_host: 'evil' } });
    expect(bodyOf(vllmDialect.aggregatedLeg(own, null))).not.toHaveProperty('kv_transfer_params');
    expect(bodyOf(handover.prefillLeg(own, null))).toHaveProperty('kv_transfer_params.remote_host', null);
  });

  it('releases the blocks by a decode leg of one token', () => {
    const leg = handover.releaseLeg(serving(full), { dialect: 'vllm', json: Buffer.from('{"a":1}') }, null);
    expect(bodyOf(leg)).toMatchObject({
      stream: false,
      max_tokens: 1,
      kv_transfer_params: { a: 1 },
    });
  });

  it('probes with a real generation', () => {
    const probe = vllmDialect.probe('m');
    expect(probe.path).toBe('/v1/completions');
    expect(bodyOf(probe)).toMatchObject({ model: 'm', max_tokens: 1 });
  });
});

describe('handover.readPrefillAnswer()', () => {
  it.each([
    ['{"usage":null}', 'nothingToFetch'],
    ['{"kv_transfer_params":null}', 'nothingToFetch'],
    ['{"kv_transfer_params":[1]}', 'unreadable'],
    ['{"kv_transfer_params":"x"}', 'unreadable'],
    ['{"kv_transfer_params":{a:1}}', 'unreadable'],
    ['[]', 'unreadable'],
    ['not json', 'unreadable'],
  ])('reads %s as %s', (text, kind) => {
    expect(handover.readPrefillAnswer(Buffer.from(text)).kind).toBe(kind);
  });
});
