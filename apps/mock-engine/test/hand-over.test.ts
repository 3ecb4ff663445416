import { sequenceHashes } from '@kvasir/block-hash';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MockEngine } from '../src/index.js';
import { Engines, keys, metric, post } from './running-engine.js';
import type { Answer } from './running-engine.js';

const PROMPT = Array.from({ length: 200 }, (_, index) => (index * 7) % 1000);
const KEEP = { do_remote_decode: true, do_remote_prefill: false };
const EMPTY_CACHE = { prompt_tokens_details: { cached_tokens: 0 } };

describe('prefill and decode in two engines', () => {
  let engines: Engines;
  let prefill: MockEngine;
  let decode: MockEngine;

  const send = async (engine: MockEngine, fields: object): Promise<Answer> =>
    await post(`${engine.url()}/v1/completions`, { model: 'kvasir-mock', prompt: PROMPT, ...fields });
  const keep = async (): Promise<Record<string, unknown>> => {
    const { json } = await send(prefill, { max_tokens: 1, kv_transfer_params: KEEP });
    return json['kv_transfer_params'] as Record<string, unknown>;
  };

  beforeEach(async () => {
    engines = new Engines();
    prefill = await engines.start('--role', 'prefill');
    decode = await engines.start('--role', 'decode');
  });
  afterEach(() => engines.close());

  it('hands the blocks over and lets them go once they are there', async () => {
    const params = await keep();
    expect(params).toMatchObject({
      do_remote_prefill: true,
      do_remote_decode: false,
      remote_num_tokens: 200,
    });
    expect(await metric(prefill, 'kvasir_mock_kept_prefills')).toBe(1);
    const answer = await send(decode, { max_tokens: 5, kv_transfer_params: params });
    expect(answer.json['usage']).toMatchObject({ completion_tokens: 5 });
    expect(await metric(decode, 'vllm:external_prefix_cache_hits_total')).toBe(200);
    // Only the last token of the prompt, which the first new one comes from, was computed again.
    expect(await metric(decode, 'kvasir_mock_prefill_tokens_total')).toBe(0);
    await expect.poll(() => metric(prefill, 'kvasir_mock_kept_prefills')).toBe(0);
  });

  it('says the same as one engine alone', async () => {
    const alone = await send(prefill, { max_tokens: 12 });
    const answer = await send(decode, { max_tokens: 12, kv_transfer_params: await keep() });
    expect(answer.json['choices']).toEqual(alone.json['choices']);
  });

  it('fails a request whose blocks are gone, as the policy says', async () => {
    const params = await keep();
    const gone = { ...params, remote_request_id: 'another' };
    const answer = await send(decode, { max_tokens: 5, kv_transfer_params: gone });
    expect(answer.status).toBe(500);
    expect(await metric(decode, 'kvasir_mock_failed_transfers_total')).toBe(1);
    expect(await metric(decode, 'vllm:num_requests_running')).toBe(0);
  });

  it('computes the prompt when that is the policy', async () => {
    const other = await engines.start('--role', 'decode', '--kv-load-failure-policy', 'recompute');
    const params = { ...(await keep()), remote_engine_id: 'of a former life' };
    const answer = await send(other, { max_tokens: 5, kv_transfer_params: params });
    expect(answer.json['usage']).toMatchObject({ completion_tokens: 5, ...EMPTY_CACHE });
    expect(await metric(other, 'kvasir_mock_prefill_tokens_total')).toBe(200);
  });

  it('computes the prompt when the parameters are incomplete', async () => {
    const answer = await send(decode, { max_tokens: 3, kv_transfer_params: { do_remote_prefill: true } });
    expect(answer.json['usage']).toMatchObject({ completion_tokens: 3, ...EMPTY_CACHE });
  });

  it('tells the prefill engine when the request was turned away', async () => {
    const params = await keep();
    const answer = await send(decode, { max_tokens: 200_000, kv_transfer_params: params });
    expect(answer.status).toBe(400);
    await expect.poll(() => metric(prefill, 'kvasir_mock_kept_prefills')).toBe(0);
  });

  it('lets go of blocks that nobody fetches when their lease is over', async () => {
    const impatient = await engines.start('--role', 'prefill', '--kv-lease-ms', '100', '--worker-id', 'p');
    await send(impatient, { max_tokens: 1, kv_transfer_params: KEEP });
    await expect.poll(() => metric(impatient, 'kvasir_mock_expired_leases_total')).toBe(1);
    expect(await metric(impatient, 'kvasir_mock_kept_prefills')).toBe(0);
  });

  it('publishes what its cache holds, evictions included', async () => {
    const small = await engines.start(
      ...['--endpoint', 'kvasir.small.generate', '--kv-blocks', '8', '--block-size', '16'],
    );
    const held = await engines.follow('kvasir.small.generate');
    const tokens = (seed: number): number[] => Array.from({ length: 64 }, (_, index) => seed * 100 + index);
    const ask = async (seed: number): Promise<void> => {
      await post(`${small.url()}/v1/completions`, {
        model: 'kvasir-mock',
        prompt: tokens(seed),
        max_tokens: 1,
      });
    };
    await ask(1);
    const first = keys(sequenceHashes(Uint32Array.from(tokens(1)), 16));
    await expect.poll(() => [...held].sort()).toEqual([...first].sort());
    await ask(2);
    await ask(3);
    const last = keys(sequenceHashes(Uint32Array.from(tokens(3)), 16));
    await expect.poll(() => last.every((key) => held.has(key))).toBe(true);
    expect(held.size).toBe(await metric(small, 'kvasir_mock_cached_blocks'));
    expect(held.size).toBeLessThanOrEqual(8);
  });
});
