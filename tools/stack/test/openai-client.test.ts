import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStack } from './start-stack.js';
import type { RunningStack } from './start-stack.js';

const STORY =
  'Kvasir was made of the spittle of all the gods, and nobody could ask him a thing he did not know. '.repeat(
    30,
  );

describe('the disaggregated stack, asked with the openai package', () => {
  let stack: RunningStack;
  let client: OpenAI;

  beforeAll(async () => {
    stack = await startStack({ prefillWorkers: 2, decodeWorkers: 2, speedup: 50 });
    client = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: 'none', maxRetries: 0 });
  });
  afterAll(() => stack.stop());

  it('lists its model', async () => {
    const models = await client.models.list();
    expect(models.data.map((model) => model.id)).toEqual(['kvasir-mock']);
  });

  it('answers a chat at once', async () => {
    const answer = await client.chat.completions.create({
      model: 'kvasir-mock',
      messages: [{ role: 'user', content: 'Who was Kvasir?' }],
      max_completion_tokens: 20,
    });
    expect(answer.choices[0]?.message.content?.length).toBeGreaterThan(0);
    expect(answer.choices[0]?.message.role).toBe('assistant');
    expect(answer.usage?.completion_tokens).toBe(20);
    expect(answer.choices[0]?.finish_reason).toBe('length');
  });

  it('streams a chat to its end, with usage when asked', async () => {
    const stream = await client.chat.completions.create({
      model: 'kvasir-mock',
      messages: [{ role: 'user', content: 'Who was Kvasir?' }],
      max_completion_tokens: 20,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let finish: string | null = null;
    let completionTokens = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      finish = chunk.choices[0]?.finish_reason ?? finish;
      completionTokens = chunk.usage?.completion_tokens ?? completionTokens;
    }
    expect(text.trim().split(/\s+/).length).toBeGreaterThan(3);
    expect(finish).toBe('length');
    expect(completionTokens).toBe(20);
  });

  it('sends a second turn to the prefill worker of the first and reports its cached tokens', async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: 'user', content: `${STORY} What is this about?` },
    ];
    const first = await client.chat.completions
      .create({ model: 'kvasir-mock', messages, max_completion_tokens: 16 })
      .withResponse();
    const reply = first.data.choices[0]?.message.content ?? '';
    messages.push({ role: 'assistant', content: reply }, { role: 'user', content: 'Tell me more.' });
    const second = await client.chat.completions
      .create({ model: 'kvasir-mock', messages, max_completion_tokens: 16 })
      .withResponse();
    const promptTokens = first.data.usage?.prompt_tokens ?? 0;
    const cachedTokens = second.data.usage?.prompt_tokens_details?.cached_tokens ?? 0;
    expect(promptTokens).toBeGreaterThan(256);
    expect(first.data.usage?.prompt_tokens_details?.cached_tokens).toBe(0);
    // All complete blocks of the first prompt, less what the new turn's template changes in its last block.
    expect(cachedTokens).toBeGreaterThanOrEqual((Math.floor(promptTokens / 64) - 1) * 64);
    expect(second.response.headers.get('x-kvasir-prefill-worker')).toBe(
      first.response.headers.get('x-kvasir-prefill-worker'),
    );
    expect(Number(second.response.headers.get('x-kvasir-overlap-blocks')) * 64).toBe(cachedTokens);
  });

  it('completes token ids, with and without streaming', async () => {
    const prompt = Array.from({ length: 300 }, (_, index) => (index * 7) % 1000);
    const whole = await client.completions.create({ model: 'kvasir-mock', prompt, max_tokens: 12 });
    expect(whole.usage?.prompt_tokens).toBe(300);
    expect(whole.choices[0]?.text.length).toBeGreaterThan(0);
    const stream = await client.completions.create({
      model: 'kvasir-mock',
      prompt,
      max_tokens: 12,
      stream: true,
    });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.text ?? '';
    expect(text.length).toBeGreaterThan(0);
  });

  it('completes a string and a list of strings', async () => {
    const one = await client.completions.create({
      model: 'kvasir-mock',
      prompt: 'Once upon a time',
      max_tokens: 5,
    });
    expect(one.choices).toHaveLength(1);
    const two = await client.completions.create({
      model: 'kvasir-mock',
      prompt: ['Once', 'Twice'],
      max_tokens: 5,
    });
    expect(two.choices.map((choice) => choice.index)).toEqual([0, 1]);
  });

  it('names the request and its workers in headers', async () => {
    const { response } = await client.completions
      .create(
        { model: 'kvasir-mock', prompt: 'Hello', max_tokens: 2 },
        { headers: { 'x-request-id': 'saga-1' } },
      )
      .withResponse();
    expect(response.headers.get('x-request-id')).toBe('saga-1');
    expect(response.headers.get('x-kvasir-prefill-worker')).toMatch(/^prefill-/);
    expect(response.headers.get('x-kvasir-decode-worker')).toMatch(/^decode-/);
    expect(response.headers.get('x-kvasir-overlap-blocks')).toMatch(/^\d+$/);
  });
});

describe('the aggregated stack', () => {
  let stack: RunningStack;
  let client: OpenAI;

  beforeAll(async () => {
    stack = await startStack({ aggregatedWorkers: 3, speedup: 50 });
    client = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: 'none', maxRetries: 0 });
  });
  afterAll(() => stack.stop());

  it('sends a repeated prompt to the worker that holds it', async () => {
    const prompt = Array.from({ length: 640 }, (_, index) => (index * 11) % 1000);
    const first = await client.completions
      .create({ model: 'kvasir-mock', prompt, max_tokens: 4 })
      .withResponse();
    const second = await client.completions
      .create({ model: 'kvasir-mock', prompt, max_tokens: 4 })
      .withResponse();
    expect(second.response.headers.get('x-kvasir-decode-worker')).toBe(
      first.response.headers.get('x-kvasir-decode-worker'),
    );
    expect(second.response.headers.has('x-kvasir-prefill-worker')).toBe(false);
    expect(second.data.usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThanOrEqual(9 * 64);
  });
});
