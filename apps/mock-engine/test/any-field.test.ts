import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MockEngine } from '../src/index.js';
import { Engines } from './running-engine.js';

const NUMBERS = [0, -0, -1, 1, 0.5, 1e308, -1e308, 2 ** 31, 2 ** 53, 2 ** 63, 65_536, 1e9];
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    ...NUMBERS,
    null,
    true,
    false,
    '',
    'x',
    '\u0000',
    '\ud800',
    [],
    {},
    [[]],
    [null],
    'a'.repeat(5_000),
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Fields that the engine reads, and some that it does not. */
const FIELDS = [
  ...[
    'model',
    'messages',
    'prompt',
    'stream',
    'stream_options',
    'max_tokens',
    'max_completion_tokens',
    'min_tokens',
  ],
  ...[
    'n',
    'best_of',
    'stop',
    'seed',
    'logprobs',
    'top_logprobs',
    'prompt_logprobs',
    'echo',
    'ignore_eos',
    'tools',
  ],
  ...['add_special_tokens', 'add_generation_prompt', 'chat_template_kwargs', 'cache_salt', 'use_beam_search'],
  ...['kv_transfer_params', 'temperature', 'nvext', 'truncate_prompt_tokens', 'response_format', '__proto__'],
];

const transfer = fc.record(
  {
    do_remote_decode: odd,
    do_remote_prefill: fc.oneof(fc.constant(true), odd),
    remote_engine_id: fc.oneof(fc.string(), odd),
    remote_request_id: fc.oneof(fc.string(), odd),
    remote_host: fc.oneof(fc.constantFrom('127.0.0.1', '', '::1', 'a b', '//', '127.0.0.1:1/x?'), odd),
    remote_port: fc.oneof(fc.constantFrom(1, 0, -1, 65_536, 0.5, 1e300), odd),
    remote_block_ids: odd,
  },
  { requiredKeys: [] },
);

const body = fc.record({
  chat: fc.boolean(),
  fields: fc.dictionary(fc.constantFrom(...FIELDS), odd, { maxKeys: 5 }),
  transfer: fc.option(transfer, { freq: 3 }),
  headers: fc.constantFrom(
    {},
    { 'x-data-parallel-rank': '-1' },
    { 'x-data-parallel-rank': '1e9' },
    { 'x-request-id': 'x'.repeat(4_000) },
  ),
});

describe('the mock engine, asked for anything', () => {
  const engines = new Engines();
  let engine: MockEngine;

  beforeAll(async () => {
    engine = await engines.start('--max-model-len', '128');
  });
  afterAll(() => engines.close());

  const isAlive = async (): Promise<boolean> => {
    const good = JSON.stringify({ model: 'kvasir-mock', prompt: 'Hi', max_tokens: 2 });
    const response = await fetch(`${engine.url()}/v1/completions`, { method: 'POST', body: good });
    await response.arrayBuffer();
    return response.status === 200;
  };

  it('answers or refuses every value of every field, and lives on', async () => {
    await fc.assert(
      fc.asyncProperty(body, async ({ chat, fields, transfer: params, headers }) => {
        const good = chat ? { messages: [{ role: 'user', content: 'Hi' }] } : { prompt: 'Hi' };
        const sent = {
          ...{ model: 'kvasir-mock', max_tokens: 3, ...good, ...fields },
          ...(params === null ? {} : { kv_transfer_params: params }),
        };
        const path = chat ? '/v1/chat/completions' : '/v1/completions';
        const response = await fetch(`${engine.url()}${path}`, {
          ...{ method: 'POST', headers, body: JSON.stringify(sent) },
        });
        await response.arrayBuffer();
        // Blocks that cannot be fetched fail their request, as the policy says.
        const mayFail = params === null ? [] : [500];
        expect([200, 400, 404, 503, ...mayFail]).toContain(response.status);
      }),
      { numRuns: 400 },
    );
    expect(await isAlive()).toBe(true);
  });

  it('lives on after transfer parameters that no address can be made of', async () => {
    const from = {
      do_remote_prefill: true,
      ...{ remote_engine_id: '\ud800', remote_request_id: 'r', remote_host: 'a b', remote_port: -0.5 },
    };
    // One that is fetched for, and one that is turned away.
    for (const maxTokens of [3, 1_000]) {
      const sent = { model: 'kvasir-mock', prompt: 'Hi', max_tokens: maxTokens, kv_transfer_params: from };
      const response = await fetch(`${engine.url()}/v1/completions`, {
        ...{ method: 'POST', body: JSON.stringify(sent) },
      });
      await response.arrayBuffer();
      expect([200, 400, 500]).toContain(response.status);
    }
    expect(await isAlive()).toBe(true);
  });

  it.each(['/tokenize', '/detokenize', '/v1/load_lora_adapter', '/v1/unload_lora_adapter'])(
    'refuses or answers anything sent to %s',
    async (path) => {
      const fields = fc.dictionary(
        fc.constantFrom(
          'prompt',
          'messages',
          'tokens',
          'lora_name',
          'add_special_tokens',
          'add_generation_prompt',
        ),
        odd,
      );
      await fc.assert(
        fc.asyncProperty(fields, async (sent) => {
          const response = await fetch(`${engine.url()}${path}`, {
            method: 'POST',
            body: JSON.stringify(sent),
          });
          await response.arrayBuffer();
          expect([200, 400, 404]).toContain(response.status);
        }),
        { numRuns: 100 },
      );
      expect(await isAlive()).toBe(true);
    },
  );
});
