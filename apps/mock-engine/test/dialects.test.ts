import { readOptions } from '@kvasir/service';
import { afterAll, describe, expect, it } from 'vitest';
import { mockEngineOptions } from '../src/index.js';
import { Engines, metric, post } from './running-engine.js';

const prompt = Array.from({ length: 130 }, (_, at) => 20 + at);
const body = { model: 'kvasir-mock', prompt, max_tokens: 3 };

async function get(url: string): Promise<{ readonly status: number; readonly json: unknown }> {
  const response = await fetch(url);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, json: isJson ? JSON.parse(text) : null };
}

/** Usage of the first and of the second time that a prompt comes. */
async function usages(url: string): Promise<readonly unknown[]> {
  const answers = [await post(`${url}/v1/completions`, body), await post(`${url}/v1/completions`, body)];
  return answers.map(({ json }) => (json['usage'] as Record<string, unknown>)['prompt_tokens_details']);
}

describe('--dialect sglang', () => {
  const engines = new Engines();
  afterAll(() => engines.close());

  it('answers, refuses and streams as SGLang does', async () => {
    const engine = await engines.start('--dialect', 'sglang', '--data-parallel-size', '2');
    const completions = `${engine.url()}/v1/completions`;
    const answer = await post(completions, { ...body, rid: 'mine', routed_dp_rank: 1 });
    expect(answer.json).toMatchObject({
      id: 'mine',
      choices: [{ finish_reason: 'length', matched_stop: null }],
      usage: { prompt_tokens: 130, completion_tokens: 3, reasoning_tokens: 0 },
    });
    expect(answer.json).not.toHaveProperty('kv_transfer_params');
    expect(await post(completions, { ...body, data_parallel_rank: 2 })).toMatchObject({
      status: 400,
      json: { object: 'error', type: 'BadRequestError', code: 400 },
    });
    // The header wins, as in newer releases.
    const header = { 'x-data-parallel-rank': 'two' };
    expect(await post(completions, { ...body, routed_dp_rank: 1 }, header)).toMatchObject({ status: 400 });
    const stream = await post(completions, {
      ...body,
      stream: true,
      stream_options: { include_usage: true },
      routed_dp_rank: 1,
    });
    const events = stream.text.trim().split('\n\n');
    expect(JSON.parse(events[0]?.slice(6) ?? '')).toMatchObject({
      usage: null,
      choices: [{ matched_stop: null }],
    });
    expect(JSON.parse(events.at(-2)?.slice(6) ?? '')).toMatchObject({
      choices: [],
      usage: { prompt_tokens_details: { cached_tokens: 128 } },
    });
  });

  it('says nothing of no cached tokens, and never without --enable-cache-report', async () => {
    const engine = await engines.start('--dialect', 'sglang');
    expect(await usages(engine.url())).toEqual([null, { cached_tokens: 128 }]);
    const silent = await engines.start('--dialect', 'sglang', '--no-enable-cache-report');
    expect(await usages(silent.url())).toEqual([null, null]);
  });

  it('has SGLang’s routes and metrics, and none of vLLM’s', async () => {
    const engine = await engines.start('--dialect', 'sglang', '--kv-blocks', '100', '--worker-id', 'routes');
    const url = engine.url();
    expect(await get(`${url}/server_info`)).toMatchObject({
      status: 200,
      json: { page_size: 64, max_total_num_tokens: 6_400, dp_size: 1, kv_events: null },
    });
    expect(await get(`${url}/v1/loads`)).toMatchObject({
      json: { loads: [{ dp_rank: 0, num_running_reqs: 0, max_total_num_tokens: 6_400 }] },
    });
    expect(await get(`${url}/v1/models`)).toMatchObject({
      json: { data: [{ id: 'kvasir-mock', owned_by: 'sglang', max_model_len: 131_072 }] },
    });
    expect((await get(`${url}/health_generate`)).status).toBe(200);
    expect((await post(`${url}/flush_cache`, {})).status).toBe(200);
    for (const path of ['/version', '/reset_prefix_cache', '/tokenize'])
      expect((await post(`${url}${path}`, {})).status).toBe(404);
    expect(await metric(engine, 'sglang:num_running_reqs')).toBe(0);
    expect(await metric(engine, 'vllm:num_requests_running')).toBeNaN();
  });
});

describe('--dialect trtllm', () => {
  const engines = new Engines();
  afterAll(() => engines.close());

  it('answers and refuses as TensorRT-LLM does', async () => {
    const engine = await engines.start('--dialect', 'trtllm');
    const url = engine.url();
    expect((await post(`${url}/v1/completions`, body)).json).toMatchObject({
      choices: [{ finish_reason: 'length', stop_reason: null, disaggregated_params: null }],
    });
    expect(await post(`${url}/v1/completions`, { ...body, nvext: {} })).toMatchObject({
      status: 400,
      json: { object: 'error', code: 400 },
    });
    expect(await usages(url)).toEqual([{ cached_tokens: 128 }, { cached_tokens: 128 }]);
    expect(await get(`${url}/metrics`)).toMatchObject({
      json: [{ numActiveRequests: 0, numQueuedRequests: 0, kvCacheStats: { tokensPerBlock: 64 } }],
    });
    const [card] = ((await get(`${url}/v1/models`)).json as { data: readonly unknown[] }).data;
    expect(card).toMatchObject({ id: 'kvasir-mock', owned_by: 'tensorrt_llm' });
    expect(card).not.toHaveProperty('max_model_len');
    expect((await get(`${url}/health_generate`)).status).toBe(200);
  });
});

describe('the role of an engine', () => {
  it.each(['sglang', 'trtllm'])('cannot be a leg of its own with %s', (dialect) => {
    const reading = readOptions(mockEngineOptions, {
      argv: ['--dialect', dialect, '--role', 'prefill'],
      env: {},
    });
    expect(reading.kind).toBe('invalid');
  });

  it('is told in the record, with the dialect', async () => {
    const engines = new Engines();
    await engines.start('--dialect', 'sglang');
    expect(engines.view('kvasir.aggregated.generate').workers).toMatchObject([
      { dialect: 'sglang', role: 'both' },
    ]);
    await engines.close();
  });
});
