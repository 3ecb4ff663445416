import { incarnation } from '@kvasir/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bookings, errorOf, metric, payloads, post, Scene, until } from './scene.js';
import type { TestWorker } from './scene.js';
import { chunk, generates, hangs, prefills, serves } from './test-engine.js';
import type { Answer } from './test-engine.js';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const has = (worker: TestWorker) => (): boolean => worker.engine.seen.length > 0;

/** Sends one token and then nothing more. */
const stops: Answer = ({ response }) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(chunk('a'));
};

describe('an engine that leaves the list', () => {
  it.each([
    ['streamed', true],
    ['in one piece', false],
  ])('hands a request on that it was silent about (%s), and is nobody’s fault', async (_form, stream) => {
    const first = await scene.worker('aggregated', 'a', hangs);
    const frontend = await scene.frontend();
    const answer = post(frontend, { stream });
    await until(has(first));
    const second = await scene.worker('aggregated', 'b', generates);
    await first.lease.release();
    expect((await answer).status).toBe(200);
    expect(second.engine.seen).toHaveLength(1);
    await expect.poll(() => first.engine.abandonedCount()).toBe(1);
    expect(await metric(frontend, 'kvasir_router_worker_failures_total')).toBe(0);
    expect(await metric(frontend, 'kvasir_frontend_leg_failures_total', 'code="ENGINE_GONE"')).toBe(1);
    expect(await bookings(frontend)).toBe(0);
  });

  it('ends a stream that has begun with an error event', async () => {
    const worker = await scene.worker('aggregated', 'a', stops);
    const frontend = await scene.frontend();
    const answer = post(frontend, { stream: true });
    await until(has(worker));
    await until(
      async () => (await metric(frontend, 'kvasir_frontend_time_to_first_token_seconds_count')) > 0,
    );
    await worker.lease.release();
    const events = payloads((await answer).text);
    expect(JSON.parse(events.at(-1) ?? '')).toMatchObject({ error: { code: 'worker_failed' } });
    await expect.poll(() => worker.engine.abandonedCount()).toBe(1);
    expect(await bookings(frontend)).toBe(0);
  });

  it('ends a request that nobody else can take', async () => {
    const worker = await scene.worker('aggregated', 'a', hangs);
    const frontend = await scene.frontend();
    const answer = post(frontend);
    await until(has(worker));
    await worker.lease.release();
    const { status } = await answer;
    expect([502, 503]).toContain(status);
  });

  it('lets a stream that goes on go on', async () => {
    const worker = await scene.worker('aggregated', 'a', stops);
    const frontend = await scene.frontend();
    const answer = post(frontend, { stream: true });
    await until(has(worker));
    await worker.lease.release();
    const [seen] = worker.engine.seen;
    seen?.response.write(chunk(' b'));
    seen?.response.end(`${chunk(' c', 'length')}data: [DONE]\n\n`);
    expect(payloads((await answer).text).at(-1)).toBe('[DONE]');
  });

  it('ends what an earlier life of an engine was to answer', async () => {
    const worker = await scene.worker('aggregated', 'a', stops);
    const frontend = await scene.frontend();
    const answer = post(frontend, { stream: true });
    await until(has(worker));
    // Before the client has its head the request would be tried again instead.
    await until(
      async () => (await metric(frontend, 'kvasir_frontend_time_to_first_token_seconds_count')) > 0,
    );
    await scene.registry.registerWorker({ ...worker.record, incarnation: incarnation('0002') }, 60_000);
    const events = payloads((await answer).text);
    expect(JSON.parse(events.at(-1) ?? '')).toMatchObject({ error: { code: 'worker_failed' } });
  });

  it('hands a prefill leg on', async () => {
    const first = await scene.worker('prefill', 'p1', hangs);
    await scene.worker('decode', 'd', serves);
    await scene.prefillRouter();
    const frontend = await scene.frontend(['--enforce-disagg']);
    const answer = post(frontend);
    await until(has(first));
    const second = await scene.worker('prefill', 'p2', prefills());
    await first.lease.release();
    expect((await answer).status).toBe(200);
    expect(second.engine.seen.length).toBeLessThanOrEqual(1);
  });

  it('hands a decode leg on, which then computes the prompt itself', async () => {
    await scene.worker('prefill', 'p', prefills());
    const first = await scene.worker('decode', 'd1', hangs);
    await scene.prefillRouter();
    const frontend = await scene.frontend(['--enforce-disagg']);
    const answer = post(frontend);
    await until(has(first));
    const second = await scene.worker('decode', 'd2', generates);
    await first.lease.release();
    const { status } = await answer;
    expect(status).toBe(200);
    expect(second.engine.seen[0]?.body['kv_transfer_params'] ?? null).toBeNull();
  });
});

describe('the times of an engine', () => {
  it.each([
    ['to its head', ['--engine-head-timeout-ms', '100'], hangs],
    [
      'to its first token',
      ['--first-token-timeout-ms', '100'],
      ({ response }: Parameters<Answer>[0]): void => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.flushHeaders();
      },
    ],
  ])('are bounded %s; the request goes elsewhere', async (_what, argv, answers) => {
    await scene.worker('aggregated', 'a', answers);
    await scene.worker('aggregated', 'b', answers);
    const frontend = await scene.frontend(argv);
    const answer = await post(frontend, { stream: true });
    expect(answer.status).toBe(502);
    expect(errorOf(answer).code).toBe('worker_failed');
  });

  it('are not bounded to the head of an answer in one piece', async () => {
    const worker = await scene.worker('aggregated', 'a', hangs);
    const argv = ['--engine-head-timeout-ms', '1', '--first-token-timeout-ms', '1'];
    const frontend = await scene.frontend([...argv, '--token-gap-timeout-ms', '60000']);
    const answer = post(frontend);
    await until(has(worker));
    const [seen] = worker.engine.seen;
    // Long after what a stream would have had.
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (seen !== undefined) generates(seen);
    expect((await answer).status).toBe(200);
  });

  it('bound a prefill leg by the time to its first token', async () => {
    const prefill = await scene.worker('prefill', 'p', hangs);
    await scene.worker('decode', 'd', serves);
    await scene.prefillRouter();
    const frontend = await scene.frontend(['--first-token-timeout-ms', '100']);
    expect((await post(frontend)).status).toBe(200);
    expect(prefill.engine.seen).toHaveLength(1);
  });
});

describe('a router that is off the list for a moment', () => {
  it('is told all the same when a leg that it has booked is over', async () => {
    const router = await scene.prefillRouter();
    const prefill = await scene.worker('prefill', 'p', hangs);
    await scene.worker('decode', 'd', generates);
    const frontend = await scene.frontend();
    await until(() => router.router.isReady());
    const answer = post(frontend);
    await until(has(prefill));
    // As when the registry has lost its records and gets them anew: the frontend forgets the router while its leg runs.
    await router.lease.release();
    await until(() => router.router.bookingCount() === 1);
    const [seen] = prefill.engine.seen;
    if (seen === undefined) throw new TypeError('Cannot answer: nothing was asked');
    prefills()(seen);
    expect((await answer).status).toBe(200);
    await expect.poll(() => router.router.bookingCount()).toBe(0);
    expect(router.freed).toEqual(router.booked);
    expect(await metric(frontend, 'kvasir_frontend_unfreed_bookings_total')).toBe(0);
  });
});
