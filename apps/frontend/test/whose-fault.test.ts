import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bookings, errorOf, metric, payloads, post, Scene, send } from './scene.js';
import type { TestRouter, TestWorker } from './scene.js';
import { chunk, event, generates, isPrefill, prefills, says } from './test-engine.js';
import type { Answer } from './test-engine.js';
import type { Frontend } from '../src/index.js';

let scene: Scene;
let routers: TestRouter[];
let frontend: Frontend;
beforeEach(() => {
  scene = new Scene();
  routers = [];
});
afterEach(async () => {
  await expect.poll(() => bookings(frontend, ...routers)).toBe(0);
  await scene.close();
});

const streams =
  (...parts: readonly string[]): Answer =>
  ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(parts.join(''));
  };
const REFUSAL = { message: 'The chat template cannot be rendered', type: 'BadRequestError', code: 400 };
const bad = 'bad';
/** What the request asks for decides what the engine does: a worker that is well, and a request that is not. */
const refuses =
  (how: Answer): Answer =>
  (seen) =>
    seen.body['user'] === bad ? how(seen) : isPrefill(seen) ? prefills()(seen) : generates(seen);

const seenOf = (workers: readonly TestWorker[]): number =>
  workers.reduce((sum, { engine }) => sum + engine.seen.length, 0);
const setAside = (): Promise<number> => metric(frontend, 'kvasir_router_worker_failures_total');

async function three(component: 'aggregated' | 'decode', answer: Answer): Promise<TestWorker[]> {
  const workers: TestWorker[] = [];
  for (const id of ['w-1', 'w-2', 'w-3']) workers.push(await scene.worker(component, id, answer));
  return workers;
}

describe('a refusal within a 200 answer', () => {
  it.each([
    ['an event of its stream', true, streams(event({ error: REFUSAL }), 'data: [DONE]\n\n')],
    ['an event in the older form', true, streams(event({ object: 'error', ...REFUSAL }))],
    ['an event with a name', true, streams(`event: error\n${event({ error: REFUSAL })}`)],
    ['its body', false, says(200, { object: 'error', ...REFUSAL })],
    ['a member of its body', false, says(200, { error: REFUSAL })],
  ])(
    'as %s is told once with its own words and status, and nobody counts as faulty',
    async (_how, stream, how) => {
      const workers = await three('aggregated', refuses(how));
      frontend = await scene.frontend();
      for (let round = 1; round <= 3; round += 1) {
        const refused = await post(frontend, { stream, user: bad });
        expect([refused.status, refused.json['error']]).toEqual([
          400,
          { ...REFUSAL, code: 'engine_refused', param: null },
        ]);
        expect(seenOf(workers)).toBe(round * 2 - 1);
        expect((await post(frontend, { stream })).status).toBe(200);
      }
      expect(await setAside()).toBe(0);
      expect(await metric(frontend, 'kvasir_frontend_retries_total')).toBe(0);
    },
  );

  it('after the head has gone out is passed on, and nobody counts as faulty', async () => {
    const role = event({ id: 'c', choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] });
    const refusal = event({ error: REFUSAL });
    let goOn = (): void => undefined;
    const workers = await three(
      'decode',
      refuses(({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(role);
        goOn = () => response.end(`${refusal}data: [DONE]\n\n`);
      }),
    );
    frontend = await scene.frontend();
    const response = await send(frontend, { stream: true, user: bad });
    goOn();
    expect([response.status, await response.text()]).toEqual([200, `${role}${refusal}data: [DONE]\n\n`]);
    expect([seenOf(workers), await setAside()]).toEqual([1, 0]);
  });

  it('of a prefill worker is told once, and the prefill pool goes on', async () => {
    const prefill = [
      await scene.worker('prefill', 'p-1', refuses(says(200, { object: 'error', ...REFUSAL }))),
      await scene.worker('prefill', 'p-2', refuses(says(200, { error: REFUSAL }))),
    ];
    const decode = await scene.worker('decode', 'd', generates);
    routers.push(await scene.prefillRouter());
    frontend = await scene.frontend(['--enforce-disagg']);
    const refused = await post(frontend, { user: bad });
    expect([refused.status, errorOf(refused).message]).toEqual([400, REFUSAL.message]);
    expect([seenOf(prefill), decode.engine.seen.length]).toEqual([1, 0]);
    for (let index = 0; index < 4; index += 1) expect((await post(frontend)).status).toBe(200);
  });

  it.each([
    [401, 'Invalid API key'],
    [403, 'not for you'],
    [501, 'n is not supported'],
  ])('of status %i is the engine’s own', async (status, message) => {
    const workers = await three('aggregated', says(status, { error: { message, code: status } }));
    frontend = await scene.frontend();
    const refused = await post(frontend);
    expect([refused.status, errorOf(refused).message, seenOf(workers)]).toEqual([status, message, 1]);
  });

  it('is none when it is null', async () => {
    const answer = says(200, { error: null, choices: [{ index: 0, text: 'a', finish_reason: 'stop' }] });
    await scene.worker('aggregated', 'w-1', (seen) =>
      seen.body['stream'] === true
        ? streams(event({ error: null, choices: [] }), chunk('a', 'stop'), 'data: [DONE]\n\n')(seen)
        : answer(seen),
    );
    frontend = await scene.frontend();
    expect((await post(frontend)).status).toBe(200);
    const streamed = await post(frontend, { stream: true });
    expect([streamed.status, payloads(streamed.text)]).toEqual([
      200,
      [expect.any(String), expect.any(String), '[DONE]'],
    ]);
  });
});

describe('a request that breaks workers', () => {
  const breaks: Answer = ({ response }) => response.destroy();
  const crashes = says(500, { error: { message: 'CUDA error', type: 'InternalServerError', code: 500 } });

  it.each([
    ['breaks connections', breaks],
    ['gets 500', crashes],
    ['ends streams before they begin', streams()],
  ])('and %s is tried on two of them, and nobody else notices', async (_how, how) => {
    const workers = await three('aggregated', refuses(how));
    frontend = await scene.frontend();
    for (let round = 0; round < 3; round += 1) {
      const before = workers.map(({ engine }) => engine.seen.length);
      expect((await post(frontend, { stream: true, user: bad })).status).toBe(502);
      const sent = workers.map(({ engine }, index) => engine.seen.length - (before[index] ?? 0));
      expect(sent.filter((count) => count > 0)).toHaveLength(2);
      // At most one of them twice: a kept connection may have been closed while it was unused.
      expect(sent.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(3);
      for (let index = 0; index < 3; index += 1) expect((await post(frontend)).status).toBe(200);
    }
  });

  it('leaves a pool of one as it is', async () => {
    await scene.worker('decode', 'd', refuses(crashes));
    frontend = await scene.frontend();
    for (let round = 0; round < 4; round += 1) {
      expect((await post(frontend, { user: bad })).status).toBe(502);
      expect((await post(frontend)).status).toBe(200);
    }
    expect(await metric(frontend, 'kvasir_router_workers', 'state="set_aside"')).toBe(0);
  });

  it('does not go on to the decode workers when it has broken two prefill workers', async () => {
    for (const id of ['p-1', 'p-2', 'p-3']) await scene.worker('prefill', id, refuses(breaks));
    const decode = await scene.worker('decode', 'd', refuses(breaks));
    routers.push(await scene.prefillRouter());
    frontend = await scene.frontend();
    expect((await post(frontend, { user: bad })).status).toBe(502);
    expect(decode.engine.seen).toHaveLength(0);
    const answer = await post(frontend);
    expect([answer.status, answer.headers.has('x-kvasir-prefill-worker')]).toEqual([200, true]);
  });

  it('and gets 500 from prefill workers does not empty their pool', async () => {
    for (const id of ['p-1', 'p-2']) await scene.worker('prefill', id, refuses(crashes));
    await scene.worker('decode', 'd', generates);
    routers.push(await scene.prefillRouter());
    frontend = await scene.frontend(['--enforce-disagg']);
    for (let round = 0; round < 4; round += 1) {
      expect((await post(frontend, { user: bad })).status).toBe(503);
      expect((await post(frontend)).headers.has('x-kvasir-prefill-worker')).toBe(true);
    }
  });
});

describe('an engine that accepts and never answers', () => {
  it('is noticed while others answer: nothing new goes there, and what waits there is taken elsewhere', async () => {
    const dead: Answer = () => undefined;
    const workers = [
      await scene.worker('aggregated', 'w-1', dead),
      await scene.worker('aggregated', 'w-2', generates),
      await scene.worker('aggregated', 'w-3', generates),
    ];
    frontend = await scene.frontend();
    const first = await Promise.all(
      Array.from({ length: 12 }, (_, index) => post(frontend, { prompt: [index, 1, 2], stream: true })),
    );
    expect(first.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200));
    const seen = workers[0]?.engine.seen ?? [];
    expect(seen.some(({ body }) => body['prompt'] === 'ping')).toBe(true);
    const requests = seen.filter(({ body }) => body['prompt'] !== 'ping').length;
    for (let index = 0; index < 10; index += 1) expect((await post(frontend)).status).toBe(200);
    expect(seen.filter(({ body }) => body['prompt'] !== 'ping')).toHaveLength(requests);
    expect(await metric(frontend, 'kvasir_router_set_aside_total', 'reason="silence"')).toBeGreaterThan(0);
  }, 30_000);
});

describe('an engine without room', () => {
  const full =
    (status: number, retryAfter: string): Answer =>
    ({ response }) => {
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': retryAfter });
      response.end('{"error":{"message":"later"}}');
    };

  it.each([429, 503])('answers %i: the client is told the longest wait', async (status) => {
    await scene.worker('aggregated', 'w-1', full(status, '17'));
    await scene.worker('aggregated', 'w-2', full(status, '3'));
    frontend = await scene.frontend();
    const answer = await post(frontend);
    expect([answer.status, errorOf(answer).code]).toEqual([status, 'engine_overloaded']);
    expect(answer.headers.get('retry-after')).toBe('17');
    // Nobody is left: they are asked all the same.
    expect((await post(frontend)).status).toBe(status);
    expect(await metric(frontend, 'kvasir_router_worker_failures_total')).toBe(0);
  });

  it('is passed over for as long as it says, while another one has room', async () => {
    const { engine } = await scene.worker('aggregated', 'w-1', full(429, '30'));
    await scene.worker('aggregated', 'w-2', generates);
    frontend = await scene.frontend();
    for (let index = 0; index < 10; index += 1)
      expect((await post(frontend, { prompt: [index, 1] })).status).toBe(200);
    expect(engine.seen.length).toBe(1);
  });

  it('of the prefill pool is told with its wait', async () => {
    await scene.worker('prefill', 'p', full(503, '21'));
    await scene.worker('decode', 'd', generates);
    routers.push(await scene.prefillRouter());
    frontend = await scene.frontend();
    const answer = await post(frontend);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '21']);
  });
});

describe('a prefill leg', () => {
  it('carries nothing that makes no sense for one token', async () => {
    const prefill = await scene.worker('prefill', 'p', prefills());
    const decode = await scene.worker('decode', 'd', generates);
    routers.push(await scene.prefillRouter());
    frontend = await scene.frontend();
    const fields = {
      messages: [{ role: 'user', content: 'q' }],
      prompt: undefined,
      tools: [{ type: 'function', function: { name: 'f' } }],
      tool_choice: 'required',
      response_format: { type: 'json_object' },
      stop: ['x'],
      logprobs: true,
      top_logprobs: 2,
      min_tokens: 5,
    };
    expect((await post(frontend, fields, { path: '/v1/chat/completions' })).status).toBe(200);
    const sent = prefill.engine.seen[0]?.body ?? {};
    expect(sent).toMatchObject({ tools: fields.tools, tool_choice: 'none', max_tokens: 1 });
    for (const field of ['response_format', 'stop', 'logprobs', 'top_logprobs', 'min_tokens'])
      expect(sent).not.toHaveProperty(field);
    expect(decode.engine.seen[0]?.body).toMatchObject({ tool_choice: 'required', stop: ['x'] });
  });
});

describe('headers of clients', () => {
  it('are passed on as the operator says', async () => {
    const { engine } = await scene.worker('aggregated', 'w', generates);
    const headers = { baggage: 'user=7', 'x-session-id': 's1', 'x-tenant': 't' };
    frontend = await scene.frontend();
    await post(frontend, {}, { headers });
    expect(engine.seen[0]?.headers['baggage']).toBe('user=7');
    expect(engine.seen[0]?.headers['x-session-id']).toBeUndefined();
    const other = await scene.frontend([
      '--forward-headers',
      'X-Session-Id',
      '--forward-headers',
      'x-tenant',
    ]);
    await post(other, {}, { headers });
    expect(engine.seen[1]?.headers).toMatchObject({ 'x-session-id': 's1', 'x-tenant': 't' });
    expect(engine.seen[1]?.headers['baggage']).toBeUndefined();
  });
});

describe('a worker that no header can name', () => {
  it.each(['zwei\nzeilen', 'größe', '日本', ' a'])('is refused at registration: %j', async (id) => {
    await scene.worker('aggregated', 'w', generates);
    frontend = await scene.frontend();
    await expect(scene.worker('aggregated', id, generates)).rejects.toThrow('HTTP headers');
  });
});
