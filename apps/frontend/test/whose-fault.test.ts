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
