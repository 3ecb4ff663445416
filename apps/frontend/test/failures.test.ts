import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bookings, errorOf, metric, payloads, post, Scene } from './scene.js';
import type { TestRouter } from './scene.js';
import { breaks, chunk, event, generates, HANDOVER, hangs, prefills, says } from './test-engine.js';
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

const broken = says(500, { error: { message: 'CUDA error', type: 'InternalServerError', code: 500 } });
const full = says(429, { error: { message: 'slow down' } });
const refuses = says(400, { error: { message: 'bad template', type: 'BadRequestError', code: 400 } });

async function stack(
  prefillAnswers: readonly Answer[],
  decodeAnswers: readonly Answer[],
  argv: readonly string[] = [],
) {
  const prefill = await Promise.all(
    prefillAnswers.map((answer, index) => scene.worker('prefill', `p-${index + 1}`, answer)),
  );
  const decode = await Promise.all(
    decodeAnswers.map((answer, index) => scene.worker('decode', `d-${index + 1}`, answer)),
  );
  routers.push(await scene.prefillRouter());
  frontend = await scene.frontend(argv);
  return { prefill, decode };
}

const failures = (leg: string): Promise<number> =>
  metric(frontend, 'kvasir_frontend_leg_failures_total', `leg="${leg}"`);

describe('a prefill leg that fails', () => {
  it.each([
    ['answers 500', broken],
    ['breaks the connection', breaks],
  ])('is run on another worker when its worker %s, which is left alone then', async (_how, answer) => {
    const { prefill, decode } = await stack([answer, prefills()], [generates]);
    for (let index = 0; index < 6; index += 1) {
      const { headers, status } = await post(frontend, { prompt: [index, 1, 2, 3] });
      expect([status, headers.get('x-kvasir-prefill-worker')]).toEqual([200, 'p-2']);
    }
    // Two requests of those six: one alone may have been at fault itself.
    expect(prefill[0]?.engine.seen).toHaveLength(2);
    expect(decode[0]?.engine.seen).toHaveLength(6);
    expect(await failures('prefill')).toBe(2);
    expect(await metric(frontend, 'kvasir_frontend_retries_total', 'leg="prefill"')).toBe(2);
    expect(await metric(frontend, 'kvasir_frontend_set_aside_workers', 'leg="prefill"')).toBe(1);
  });

  it('comes back to a worker once it generates again', async () => {
    const { prefill } = await stack([broken, prefills()], [generates]);
    for (let index = 0; index < 6; index += 1) await post(frontend, { prompt: [index, 1, 2, 3] });
    const [worker] = prefill;
    if (worker === undefined) throw new TypeError('Cannot test: no worker');
    worker.engine.answer = (seen) => (seen.body['prompt'] === 'ping' ? generates(seen) : prefills()(seen));
    await expect
      .poll(
        async () => (await post(frontend, { prompt: [9, 9, 9] })).headers.get('x-kvasir-prefill-worker'),
        { timeout: 10_000 },
      )
      .toBe('p-1');
    expect(worker.engine.seen.some(({ body }) => body['prompt'] === 'ping')).toBe(true);
  });

  it('ends with the engine’s own words when the request is at fault', async () => {
    const { prefill, decode } = await stack([refuses, refuses], [generates]);
    const answer = await post(frontend);
    expect(answer.status).toBe(400);
    expect(answer.json['error']).toMatchObject({ message: 'bad template', type: 'BadRequestError' });
    expect(prefill.reduce((sum, { engine }) => sum + engine.seen.length, 0)).toBe(1);
    expect(decode[0]?.engine.seen).toHaveLength(0);
  });

  it('is run in one leg when every prefill worker fails', async () => {
    const { decode } = await stack([broken, breaks], [generates]);
    const answer = await post(frontend);
    expect(answer.status).toBe(200);
    expect(answer.headers.has('x-kvasir-prefill-worker')).toBe(false);
    expect(decode[0]?.engine.seen[0]?.body).not.toHaveProperty('kv_transfer_params');
  });

  it('is answered 503 when every prefill worker fails and disaggregation is enforced', async () => {
    await stack([broken, breaks], [generates], ['--enforce-disagg']);
    const answer = await post(frontend);
    expect([answer.status, errorOf(answer).code]).toEqual([503, 'prefill_unavailable']);
  });

  it('is answered 429 when every prefill worker is full: decode workers do not take their work', async () => {
    const { decode } = await stack([full, full], [generates], ['--leg-attempts-max', '2']);
    const answer = await post(frontend);
    expect([answer.status, errorOf(answer).code]).toEqual([429, 'engine_overloaded']);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(decode[0]?.engine.seen).toHaveLength(0);
  });
});

describe('a prefill router that fails', () => {
  it('is replaced by the next one', async () => {
    await stack([prefills()], [generates]);
    routers.push(await scene.prefillRouter());
    expect((await post(frontend)).headers.get('x-kvasir-prefill-worker')).toBe('p-1');
    await routers[0]?.close();
    for (let index = 0; index < 3; index += 1) {
      expect((await post(frontend)).headers.get('x-kvasir-prefill-worker')).toBe('p-1');
    }
    expect(routers[1]?.booked).toHaveLength(3);
  });

  it('leaves requests to run in one leg when there is no other', async () => {
    await stack([prefills()], [generates]);
    await routers[0]?.close();
    const answer = await post(frontend);
    expect([answer.status, answer.headers.has('x-kvasir-prefill-worker')]).toEqual([200, false]);
  });

  it('is told to free what it may have booked when it does not answer in time', async () => {
    await scene.worker('prefill', 'p', prefills());
    await scene.worker('decode', 'd', generates);
    const slow = await scene.prefillRouter((router) => ({
      findBestWorker: async ({ prompt, requestId }) => {
        router.route({ requestId, ...prompt });
        return await new Promise(() => undefined);
      },
    }));
    routers.push(slow);
    frontend = await scene.frontend(['--prefill-router-timeout-ms', '50']);
    const answer = await post(frontend);
    expect([answer.status, answer.headers.has('x-kvasir-prefill-worker')]).toEqual([200, false]);
    await expect.poll(() => slow.freed).toEqual(slow.booked);
  });
});

describe('a decode leg that fails', () => {
  it('takes the hand-over to another worker when the first one never saw it', async () => {
    const { decode } = await stack([prefills()], [generates, generates]);
    await decode[0]?.engine.crash();
    for (let index = 0; index < 4; index += 1) {
      expect((await post(frontend)).headers.get('x-kvasir-decode-worker')).toBe('d-2');
    }
    for (const { body } of decode[1]?.engine.seen ?? []) expect(body['kv_transfer_params']).toEqual(HANDOVER);
    expect(await failures('decode')).toBeLessThanOrEqual(1);
  });

  it.each([
    ['breaks the connection', breaks],
    ['answers 500', broken],
    ['is full', full],
  ])('computes the prompt again on another worker when the first one %s', async (_how, answer) => {
    const { decode } = await stack([prefills()], [answer, generates]);
    const answered = await post(frontend, { stream: true });
    expect(answered.status).toBe(200);
    expect(payloads(answered.text).at(-1)).toBe('[DONE]');
    const [last] = decode[1]?.engine.seen ?? [];
    expect(decode.slice(0, 1).some(({ engine }) => engine.seen.length > 0)).toBe(
      !('kv_transfer_params' in (last?.body ?? {})),
    );
  });

  it('ends with the engine’s own words when the request is at fault', async () => {
    const { decode } = await stack([prefills()], [refuses, refuses]);
    const answer = await post(frontend, { stream: true });
    expect([answer.status, errorOf(answer).message]).toEqual([400, 'bad template']);
    expect(decode.reduce((sum, { engine }) => sum + engine.seen.length, 0)).toBe(1);
  });

  it('is answered 502 when every worker fails', async () => {
    await stack([prefills()], [broken, broken]);
    const answer = await post(frontend);
    expect([answer.status, errorOf(answer).code]).toEqual([502, 'worker_failed']);
    expect(errorOf(answer).message).toContain('CUDA error');
  });
});

describe('a stream that fails', () => {
  const stream =
    (...parts: readonly string[]): Answer =>
    ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const part of parts) response.write(part);
      setImmediate(() => response.end());
    };

  it('goes to another worker while its first event is an error', async () => {
    const poisoned = stream(event({ error: { message: 'load failed', code: 500 } }), 'data: [DONE]\n\n');
    await scene.worker('aggregated', 'a-1', poisoned);
    await scene.worker('aggregated', 'a-2', generates);
    frontend = await scene.frontend();
    for (let index = 0; index < 4; index += 1) {
      const answer = await post(frontend, { stream: true });
      expect([answer.status, answer.headers.get('x-kvasir-decode-worker')]).toEqual([200, 'a-2']);
      expect(answer.text).not.toContain('load failed');
    }
  });

  it.each([
    [
      'breaks',
      (({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(chunk('a'));
        setImmediate(() => response.destroy());
      }) satisfies Answer,
    ],
    ['ends unfinished', stream(chunk('a'))],
  ])('tells a client that has bytes already by an error event when it %s', async (_how, answer) => {
    const { engine } = await scene.worker('aggregated', 'a-1', answer);
    await scene.worker('aggregated', 'a-2', answer);
    frontend = await scene.frontend();
    const answered = await post(frontend, { stream: true });
    expect(answered.status).toBe(200);
    const events = payloads(answered.text);
    expect(events).toHaveLength(2);
    expect(JSON.parse(events[1] ?? '')).toMatchObject({
      error: { code: 'worker_failed', type: 'server_error' },
    });
    expect(engine.seen.length).toBeLessThanOrEqual(1);
  });

  it('passes an engine’s own error event on once the client has bytes', async () => {
    const parts = [chunk('a'), event({ error: { message: 'lost', code: 500 } }), 'data: [DONE]\n\n'];
    await scene.worker('aggregated', 'a-1', stream(...parts));
    frontend = await scene.frontend();
    expect((await post(frontend, { stream: true })).text).toBe(parts.join(''));
    expect(await failures('aggregated')).toBe(1);
  });

  it('takes an answer in one piece to a request for a stream', async () => {
    await scene.worker('aggregated', 'a-1', says(200, { choices: [] }));
    frontend = await scene.frontend();
    expect((await post(frontend, { stream: true })).json).toEqual({ choices: [] });
  });
});

describe('the deadline', () => {
  it.each([
    ['prefill', hangs, generates],
    ['decode', prefills(), hangs],
  ])(
    'ends a request whose %s leg hangs, and both legs with it',
    async (_leg, prefillAnswer, decodeAnswer) => {
      const { prefill, decode } = await stack(
        [prefillAnswer],
        [decodeAnswer],
        ['--request-timeout-ms', '150'],
      );
      const answer = await post(frontend);
      expect([answer.status, errorOf(answer).code]).toEqual([504, 'request_timeout']);
      const abandoned = (): number =>
        [...prefill, ...decode].reduce((sum, { engine }) => sum + engine.abandonedCount(), 0);
      await expect.poll(abandoned).toBe(1);
    },
  );

  it('ends a stream that goes on beyond it with an error event', async () => {
    await scene.worker('aggregated', 'a', ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk('a'));
    });
    frontend = await scene.frontend(['--request-timeout-ms', '150']);
    const events = payloads((await post(frontend, { stream: true })).text);
    expect(events).toHaveLength(2);
    expect(JSON.parse(events[1] ?? '')).toMatchObject({ error: { code: 'request_timeout' } });
  });

  it('takes an engine that falls silent for broken before the deadline', async () => {
    await scene.worker('aggregated', 'a', ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk('a'));
    });
    frontend = await scene.frontend(['--engine-inactivity-ms', '100']);
    const events = payloads((await post(frontend, { stream: true })).text);
    expect(JSON.parse(events[1] ?? '')).toMatchObject({ error: { code: 'worker_failed' } });
  });
});
