import { sequenceHashes } from '@kvasir/block-hash';
import { newIncarnation } from '@kvasir/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bookings, metric, payloads, post, PROMPT, Scene } from './scene.js';
import { generates, HANDOVER, prefills, serves } from './test-engine.js';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

describe('disaggregated serving', () => {
  async function stack(argv: readonly string[] = []) {
    const prefill = await scene.worker('prefill', 'prefill-1', prefills(8));
    const decode = await scene.worker('decode', 'decode-1', generates);
    const router = await scene.prefillRouter();
    const frontend = await scene.frontend(argv);
    return { prefill, decode, router, frontend };
  }

  it('runs both legs and answers in one piece', async () => {
    const { prefill, decode, router, frontend } = await stack();
    const answer = await post(frontend, { seed: 5 }, { headers: { 'x-request-id': 'saga-1' } });
    expect(answer.status).toBe(200);
    expect(prefill.engine.seen.map(({ path, body }) => ({ path, body }))).toEqual([
      {
        path: '/v1/completions',
        body: {
          model: 'm',
          prompt: PROMPT,
          seed: 5,
          stream: false,
          max_tokens: 1,
          kv_transfer_params: expect.objectContaining({ do_remote_decode: true }) as unknown,
        },
      },
    ]);
    expect(decode.engine.seen.map(({ body }) => body)).toEqual([
      { model: 'm', prompt: PROMPT, seed: 5, max_tokens: 3, kv_transfer_params: HANDOVER },
    ]);
    const ids = [prefill, decode].map(({ engine }) => engine.seen[0]?.headers['x-request-id']);
    expect(ids[0]).toMatch(/^saga-1-/);
    expect(ids[1]).toBe(ids[0]);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-request-id': 'saga-1',
      'x-kvasir-prefill-worker': 'prefill-1',
      'x-kvasir-decode-worker': 'decode-1',
      'x-kvasir-overlap-blocks': '0',
    });
    // What prefill found cached, not what decode fetched.
    expect(answer.json['usage']).toMatchObject({ prompt_tokens_details: { cached_tokens: 8 } });
    await expect.poll(() => bookings(frontend, router)).toBe(0);
    expect(router.freed).toEqual(router.booked);
  });

  it('streams as it comes, with the usage patched', async () => {
    const { frontend } = await stack();
    const answer = await post(frontend, { stream: true, stream_options: { include_usage: true } });
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const events = payloads(answer.text);
    expect(events.at(-1)).toBe('[DONE]');
    expect(JSON.parse(events.at(-2) ?? '')).toMatchObject({
      usage: { completion_tokens: 3, prompt_tokens_details: { cached_tokens: 8 } },
    });
    expect(events).toHaveLength(5);
  });

  it('counts what it did', async () => {
    const { frontend } = await stack();
    await post(frontend, { stream: true, stream_options: { include_usage: true } });
    await post(frontend);
    const count = (name: string, labels = '') => metric(frontend, `kvasir_frontend_${name}`, labels);
    await expect.poll(() => count('requests_total', 'mode="disaggregated"')).toBe(2);
    expect(await count('requests_total', 'status_class="2xx"')).toBe(2);
    expect(await count('input_tokens_total')).toBe(24);
    expect(await count('output_tokens_total')).toBe(6);
    expect(await count('cached_tokens_total')).toBe(16);
    expect(await count('time_to_first_token_seconds_count')).toBe(1);
    expect(await count('request_seconds_count')).toBe(2);
    expect(await count('requests_in_flight')).toBe(0);
  });

  it('runs what cannot be split in one leg, on a decode worker', async () => {
    const { prefill, decode, frontend } = await stack();
    const answer = await post(frontend, { prompt: [PROMPT, PROMPT] });
    expect(answer.status).toBe(200);
    expect(prefill.engine.seen).toHaveLength(0);
    expect(decode.engine.seen[0]?.body).toEqual({ model: 'm', prompt: [PROMPT, PROMPT], max_tokens: 3 });
    expect(answer.headers.has('x-kvasir-prefill-worker')).toBe(false);
    expect(answer.json['usage']).toMatchObject({ prompt_tokens_details: { cached_tokens: 12 } });
  });

  it('refuses what cannot be split where disaggregation is enforced', async () => {
    const { frontend } = await stack(['--enforce-disagg']);
    expect((await post(frontend)).status).toBe(200);
    const answer = await post(frontend, { n: 2 });
    expect(answer.status).toBe(400);
    expect(answer.json['error']).toMatchObject({ code: 'unsupported_value', param: 'n' });
  });

  it('runs in one leg while no prefill worker takes requests, and in two again after', async () => {
    const { prefill, decode, frontend } = await stack();
    await prefill.lease.update({ ...prefill.record, isDraining: true });
    await expect.poll(async () => (await post(frontend)).headers.has('x-kvasir-prefill-worker')).toBe(false);
    const before = decode.engine.seen.length;
    expect(decode.engine.seen[before - 1]?.body).not.toHaveProperty('kv_transfer_params');
    await prefill.lease.update({ ...prefill.record, isDraining: false });
    await expect.poll(async () => (await post(frontend)).headers.has('x-kvasir-prefill-worker')).toBe(true);
  });

  it('answers 503 while no prefill worker takes requests where disaggregation is enforced', async () => {
    const { prefill, frontend } = await stack(['--enforce-disagg']);
    await prefill.lease.release();
    await expect.poll(() => frontend.readiness().kind).toBe('notReady');
    const answer = await post(frontend);
    expect(answer.status).toBe(503);
    expect(answer.json['error']).toMatchObject({ code: 'prefill_unavailable', type: 'server_error' });
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('computes the prompt on the decode worker when there is nothing to hand over', async () => {
    const { prefill, decode, frontend } = await stack();
    prefill.engine.answer = ({ response }) => response.end('{"choices":[],"kv_transfer_params":null}');
    expect((await post(frontend)).status).toBe(200);
    expect(decode.engine.seen[0]?.body).not.toHaveProperty('kv_transfer_params');
  });

  it('asks a worker with several ranks for the one that was chosen', async () => {
    await scene.worker('prefill', 'prefill-1', prefills(), { rankStart: 0, rankCount: 2 });
    const decode = await scene.worker('decode', 'decode-1', generates, { rankCount: 2 });
    await scene.prefillRouter();
    const frontend = await scene.frontend();
    for (let index = 0; index < 8; index += 1) await post(frontend, { prompt: [index, 2, 3, 4] });
    const ranks = decode.engine.seen.map(({ headers }) => headers['x-data-parallel-rank']);
    for (const rank of ranks) expect(['0', '1']).toContain(rank);
  });

  it('passes tracing and authorization on to both legs, and nothing else of the client’s headers', async () => {
    const { prefill, decode, frontend } = await stack();
    await post(
      frontend,
      {},
      { headers: { traceparent: '00-a-b-01', authorization: 'Bearer k', cookie: 'c=1' } },
    );
    for (const { engine } of [prefill, decode]) {
      expect(engine.seen[0]?.headers).toMatchObject({ traceparent: '00-a-b-01', authorization: 'Bearer k' });
      expect(engine.seen[0]?.headers).not.toHaveProperty('cookie');
    }
  });
});

describe('aggregated serving', () => {
  it('sends a prompt to the worker that holds it and says how much', async () => {
    const workers = [
      await scene.worker('aggregated', 'a-1', generates),
      await scene.worker('aggregated', 'a-2', generates),
    ];
    const frontend = await scene.frontend();
    workers[1]?.publisher.publishStored(0, null, sequenceHashes(Uint32Array.from(PROMPT), 4));
    workers[1]?.publisher.flush();
    await expect.poll(async () => (await post(frontend)).headers.get('x-kvasir-overlap-blocks')).toBe('3');
    const answer = await post(frontend, { stream: true });
    expect(answer.headers.get('x-kvasir-decode-worker')).toBe('a-2');
    expect(answer.headers.has('x-kvasir-prefill-worker')).toBe(false);
    await expect.poll(() => bookings(frontend)).toBe(0);
    // Of each of the two prompts the block of its last token is computed in any case.
    expect(await metric(frontend, 'kvasir_frontend_predicted_overlap_tokens_total')).toBeGreaterThanOrEqual(
      16,
    );
  });

  it('keeps the client’s body byte for byte', async () => {
    const { engine } = await scene.worker('aggregated', 'a-1', generates);
    const frontend = await scene.frontend();
    const body = '{ "model":"m", "prompt" : [1, 2,3], "seed": 9007199254740993, "temperature": 1.0 }';
    const answer = await fetch(`${frontend.url()}/v1/completions`, { method: 'POST', body });
    expect(answer.status).toBe(200);
    expect(engine.seen[0]?.raw).toBe(body);
  });

  it('prefers the aggregated pool for what cannot be split', async () => {
    await scene.worker('prefill', 'p', serves);
    await scene.worker('decode', 'd', serves);
    await scene.worker('aggregated', 'a', serves);
    await scene.prefillRouter();
    const frontend = await scene.frontend();
    expect((await post(frontend)).headers.get('x-kvasir-decode-worker')).toBe('d');
    expect((await post(frontend, { n: 2 })).headers.get('x-kvasir-decode-worker')).toBe('a');
  });

  it.each(['round-robin', 'random'])('spreads by %s when told to', async (mode) => {
    await scene.worker('aggregated', 'a-1', generates);
    await scene.worker('aggregated', 'a-2', generates);
    const frontend = await scene.frontend(['--router-mode', mode]);
    const chosen = new Set<string | null>();
    for (let index = 0; index < 20; index += 1) {
      chosen.add((await post(frontend)).headers.get('x-kvasir-decode-worker'));
    }
    expect(chosen).toEqual(new Set(['a-1', 'a-2']));
  });
});

describe('the other routes', () => {
  it('lists models with their context and since when they are served', async () => {
    await scene.worker('aggregated', 'a', generates, {
      incarnation: newIncarnation(1_700_000_000_500, () => 0.5),
    });
    const frontend = await scene.frontend();
    const models = await (await fetch(`${frontend.url()}/v1/models`)).json();
    expect(models).toEqual({
      object: 'list',
      data: [
        {
          ...{
            id: 'm',
            object: 'model',
            created: 1_700_000_000,
            owned_by: 'kvasir',
            root: 'm',
            permission: [],
          },
          ...{ max_model_len: 1000, parent: null },
        },
      ],
    });
  });

  it('lists adapters, and sends their requests to workers that serve them', async () => {
    await scene.worker('aggregated', 'a', generates, { loraNames: [] });
    await scene.worker('aggregated', 'b', generates, { loraNames: ['sql'] });
    const frontend = await scene.frontend();
    const { data } = (await (await fetch(`${frontend.url()}/v1/models`)).json()) as { data: unknown[] };
    expect(data).toMatchObject([{ id: 'm' }, { id: 'sql', parent: 'm', max_model_len: null }]);
    const worker = async (model: string): Promise<string | null> =>
      (await post(frontend, { model })).headers.get('x-kvasir-decode-worker');
    for (let index = 0; index < 4; index += 1) expect(await worker('sql')).toBe('b');
    const plain = new Set<string | null>();
    await expect.poll(async () => plain.add(await worker('m')).size).toBe(2);
    expect((await post(frontend, { model: 'poetry' })).status).toBe(404);
  });

  it('lists and serves a model under all its names, each at workers that answer to it', async () => {
    await scene.worker('aggregated', 'a', generates);
    const b = await scene.worker('aggregated', 'b', generates, { servedNames: ['m', 'org/m:latest'] });
    const frontend = await scene.frontend();
    const get = async (id: string): Promise<Response> => await fetch(`${frontend.url()}/v1/models/${id}`);
    for (const id of ['org/m:latest', encodeURIComponent('org/m:latest')]) {
      const response = await get(id);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ id: 'org/m:latest', root: 'm', parent: null });
    }
    expect((await get('org/other')).status).toBe(404);
    expect(await (await get('org/other')).json()).toMatchObject({ error: { code: 'model_not_found' } });
    for (let index = 0; index < 6; index += 1) {
      const answer = await post(frontend, { model: 'org/m:latest' });
      expect(answer.headers.get('x-kvasir-decode-worker')).toBe('b');
    }
    expect(b.engine.seen.map(({ body }) => body['model'])).toEqual(new Array(6).fill('org/m:latest'));
    await b.lease.update({ ...b.record, isDraining: true });
    await expect.poll(async () => (await post(frontend, { model: 'org/m:latest' })).status).toBe(503);
    await b.lease.release();
    await expect.poll(async () => (await post(frontend, { model: 'org/m:latest' })).status).toBe(404);
  });

  it('takes a request without a model for the only one there is, and sends it on as it came', async () => {
    const a = await scene.worker('aggregated', 'a', generates);
    const frontend = await scene.frontend();
    expect((await post(frontend, { model: undefined })).status).toBe(200);
    expect(a.engine.seen[0]?.body).not.toHaveProperty('model');
    expect((await post(frontend, { model: null })).status).toBe(200);
    await scene.worker('decode', 'd', generates, { model: 'other' });
    await expect.poll(async () => (await post(frontend, { model: undefined })).status).toBe(400);
  });

  it('answers probes, and metrics of its routers on one page', async () => {
    await scene.worker('aggregated', 'a', generates);
    const frontend = await scene.frontend();
    const get = async (path: string) => await fetch(`${frontend.url()}${path}`);
    expect((await get('/health')).status).toBe(200);
    expect((await get('/live')).status).toBe(200);
    expect((await get('/ready')).status).toBe(200);
    const text = await (await get('/metrics')).text();
    expect(text.match(/# TYPE kvasir_router_active_bookings /g)).toHaveLength(1);
    expect(text).toContain('kvasir_router_active_bookings{service="frontend_decode"} 0');
    expect(text).toContain('kvasir_router_active_bookings{service="frontend_aggregated"} 0');
  });
});
