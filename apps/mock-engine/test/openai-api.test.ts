import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MockEngine } from '../src/index.js';
import { Engines, metric, post } from './running-engine.js';

interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
}
interface Choice {
  readonly text?: string;
  readonly message?: { readonly content: string };
  readonly finish_reason: string;
}
const usageOf = (json: Record<string, unknown>): Usage => json['usage'] as Usage;
const choicesOf = (json: Record<string, unknown>): readonly Choice[] => json['choices'] as readonly Choice[];
const events = (text: string): string[] =>
  text
    .trim()
    .split('\n\n')
    .map((event) => event.slice('data: '.length));

describe('the mock engine over HTTP', () => {
  const engines = new Engines();
  let engine: MockEngine;
  let completions: string;
  let chat: string;

  beforeAll(async () => {
    engine = await engines.start('--max-model-len', '4096');
    completions = `${engine.url()}/v1/completions`;
    chat = `${engine.url()}/v1/chat/completions`;
  });
  afterAll(() => engines.close());

  it('answers readable text, the same for the same prompt', async () => {
    const body = { model: 'kvasir-mock', prompt: 'Who was Kvasir?' };
    const [one, two] = [await post(completions, body), await post(completions, body)];
    const text = choicesOf(one.json)[0]?.text ?? '';
    expect(text).toMatch(/^ [A-Z][a-z]+ [a-z, ]+/);
    expect(text).not.toContain('<|');
    expect(choicesOf(one.json)[0]?.finish_reason).toBe('stop');
    expect(choicesOf(two.json)[0]?.text).toBe(text);
  });

  it('streams the very text that it answers whole, with usage and an end mark', async () => {
    const body = { model: 'kvasir-mock', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 30 };
    const whole = await post(chat, body);
    const streamed = await post(chat, { ...body, stream: true, stream_options: { include_usage: true } });
    const parts = events(streamed.text);
    expect(parts.at(-1)).toBe('[DONE]');
    const chunks = parts.slice(0, -1).map((part) => JSON.parse(part) as Record<string, unknown>);
    const deltas = chunks.flatMap(
      (chunk) => chunk['choices'] as { delta: { role?: string; content: string } }[],
    );
    expect(deltas[0]?.delta.role).toBe('assistant');
    expect(deltas.map(({ delta }) => delta.content).join('')).toBe(
      choicesOf(whole.json)[0]?.message?.content,
    );
    // One for the role and one per token; the last one says why it was the last.
    expect(deltas).toHaveLength(31);
    expect((deltas.at(-1) as unknown as Choice).finish_reason).toBe('length');
    expect(usageOf(chunks.at(-1) ?? {}).completion_tokens).toBe(30);
  });

  it('counts cached tokens in whole blocks, never the last token', async () => {
    const prompt = Array.from({ length: 256 }, (_, index) => (index * 13) % 1000);
    const ask = async (tokens: readonly number[]) =>
      usageOf((await post(completions, { model: 'kvasir-mock', prompt: tokens, max_tokens: 2 })).json)
        .prompt_tokens_details.cached_tokens;
    expect(await ask(prompt)).toBe(0);
    expect(await ask(prompt)).toBe(192);
    expect(await ask([...prompt, 1])).toBe(256);
  });

  it('keeps salted prompts apart', async () => {
    const prompt = Array.from({ length: 129 }, (_, index) => (index * 17) % 1000);
    const ask = async (salt: string) =>
      usageOf(
        (await post(completions, { model: 'kvasir-mock', prompt, max_tokens: 1, cache_salt: salt })).json,
      ).prompt_tokens_details.cached_tokens;
    expect([await ask('a'), await ask('b'), await ask('a')]).toEqual([0, 0, 128]);
  });

  it('answers several prompts with several choices each', async () => {
    const { json } = await post(completions, {
      model: 'kvasir-mock',
      prompt: [
        [1, 2, 3],
        [4, 5],
      ],
      n: 2,
      max_tokens: 5,
    });
    expect(choicesOf(json)).toHaveLength(4);
    expect(usageOf(json)).toMatchObject({ prompt_tokens: 5, completion_tokens: 20 });
  });

  it('heeds ignore_eos, min_tokens and stop strings', async () => {
    const ask = async (fields: object) =>
      (await post(completions, { model: 'kvasir-mock', prompt: 'A tale', ...fields })).json;
    expect(usageOf(await ask({ ignore_eos: true, max_tokens: 600 })).completion_tokens).toBe(600);
    expect(usageOf(await ask({ min_tokens: 500, max_tokens: 600 })).completion_tokens).toBeGreaterThan(500);
    const full = choicesOf(await ask({ max_tokens: 60 }))[0]?.text ?? '';
    const word = full.split(' ')[5] ?? '';
    const stopped = choicesOf(await ask({ max_tokens: 60, stop: [` ${word}`] }))[0];
    expect(stopped).toMatchObject({ text: full.slice(0, full.indexOf(` ${word}`)), finish_reason: 'stop' });
  });

  it.each([
    ['an unknown model', { model: 'x', prompt: 'a' }, 404, /does not exist/],
    [
      'a prompt beyond the context',
      { prompt: new Array(4096).fill(1), max_tokens: 1 },
      400,
      /maximum context/,
    ],
    ['an id out of the vocabulary', { prompt: [1, 99_999] }, 400, /99999 is out of vocabulary/],
    ['max_tokens 0', { prompt: 'a', max_tokens: 0 }, 400, /max_tokens must be at least 1/],
    ['min_tokens over max_tokens', { prompt: 'a', max_tokens: 1, min_tokens: 2 }, 400, /less than or equal/],
    ['an empty stop', { prompt: 'a', stop: '' }, 400, /stop must be/],
  ])('refuses %s', async (_what, fields, status, message) => {
    const answer = await post(completions, { model: 'kvasir-mock', ...fields });
    expect(answer.status).toBe(status);
    expect((answer.json['error'] as { message: string }).message).toMatch(message);
  });

  it('tells, tokenizes and resets as a vLLM server does', async () => {
    const base = engine.url();
    const models = (await (await fetch(`${base}/v1/models`)).json()) as { data: { id: string }[] };
    expect(models.data[0]).toMatchObject({ id: 'kvasir-mock', max_model_len: 4096 });
    expect((await fetch(`${base}/health`)).status).toBe(200);
    const { json } = await post(`${base}/tokenize`, { prompt: 'The mead of poetry' });
    const back = await post(`${base}/detokenize`, { tokens: json['tokens'] });
    expect(back.json['prompt']).toBe('The mead of poetry');
    expect(await metric(engine, 'kvasir_mock_cached_blocks')).toBeGreaterThan(0);
    expect((await post(`${base}/reset_prefix_cache`, '')).status).toBe(200);
    expect(await metric(engine, 'kvasir_mock_cached_blocks')).toBe(0);
  });

  it('loads adapters, and keeps what they compute apart', async () => {
    const base = engine.url();
    const change = (verb: string, lora_name: string) =>
      post(`${base}/v1/${verb}_lora_adapter`, { lora_name, lora_path: '/adapters/x' });
    const cachedOf = async (model: string): Promise<number> => {
      const { json } = await post(completions, { model, prompt: new Array(300).fill(7), max_tokens: 1 });
      return usageOf(json).prompt_tokens_details.cached_tokens;
    };
    expect((await post(completions, { model: 'sql', prompt: 'a' })).status).toBe(404);
    expect((await change('load', 'sql')).status).toBe(200);
    expect((await change('load', 'sql')).status).toBe(400);
    const models = (await (await fetch(`${base}/v1/models`)).json()) as { data: unknown[] };
    expect(models.data).toMatchObject([
      { id: 'kvasir-mock', parent: null },
      { id: 'sql', parent: 'kvasir-mock' },
    ]);
    expect([await cachedOf('sql'), await cachedOf('kvasir-mock')]).toEqual([0, 0]);
    const cached = await cachedOf('sql');
    expect(cached).toBeGreaterThan(0);
    expect(await cachedOf('kvasir-mock')).toBe(cached);
    expect((await change('unload', 'sql')).status).toBe(200);
    expect((await change('unload', 'sql')).status).toBe(404);
    expect((await post(completions, { model: 'sql', prompt: 'a' })).status).toBe(404);
  });

  it('ends a request whose client has left', async () => {
    const leave = new AbortController();
    const response = await fetch(completions, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'kvasir-mock',
        prompt: 'a',
        max_tokens: 4000,
        ignore_eos: true,
        stream: true,
      }),
      signal: leave.signal,
    });
    await response.body?.getReader().read();
    expect(await metric(engine, 'vllm:num_requests_running')).toBe(1);
    leave.abort();
    await expect.poll(() => metric(engine, 'vllm:num_requests_running')).toBe(0);
  });
});
