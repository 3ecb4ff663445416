import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bookings, payloads, post, Scene, until } from './scene.js';
import type { TestWorker } from './scene.js';
import { chunk, generates, hangs } from './test-engine.js';
import type { Frontend } from '../src/index.js';

let scene: Scene;
let worker: TestWorker;
let frontend: Frontend;
beforeEach(async () => {
  scene = new Scene();
  worker = await scene.worker('aggregated', 'a', hangs);
  frontend = await scene.frontend();
});
afterEach(() => scene.close());

describe('leave()', () => {
  it('says that it is not ready, serves as before, and ends connections with their answers', async () => {
    const before = post(frontend);
    await until(() => worker.engine.seen.length === 1);
    await frontend.leave?.();
    expect((await fetch(`${frontend.url()}/ready`)).status).toBe(503);
    const live = await fetch(`${frontend.url()}/live`);
    expect([live.status, live.headers.get('connection')]).toEqual([200, 'close']);
    worker.engine.answer = generates;
    for (const stream of [false, true]) {
      const { status, headers } = await post(frontend, { stream });
      expect([status, headers.get('connection')]).toEqual([200, 'close']);
    }
    const [seen] = worker.engine.seen;
    if (seen !== undefined) generates(seen);
    const { status, headers } = await before;
    expect([status, headers.get('connection')]).toEqual([200, 'close']);
    expect(await frontend.drain(60_000)).toEqual({ abandonedRequests: 0 });
  });
});

describe('drain()', () => {
  it('takes nothing new, lets what runs finish, and reports nothing abandoned', async () => {
    const running = post(frontend);
    await until(() => worker.engine.seen.length === 1);
    const drained = frontend.drain(60_000);
    expect((await fetch(`${frontend.url()}/ready`)).status).toBe(503);
    expect((await fetch(`${frontend.url()}/live`)).status).toBe(200);
    const refused = await post(frontend);
    expect(refused.status).toBe(503);
    expect(refused.json['error']).toMatchObject({ code: 'shutting_down' });
    const [seen] = worker.engine.seen;
    if (seen !== undefined) generates(seen);
    expect((await running).status).toBe(200);
    expect(await drained).toEqual({ abandonedRequests: 0 });
    expect(await bookings(frontend)).toBe(0);
  });

  it('gives up at its deadline; closing ends what runs with an error', async () => {
    worker.engine.answer = ({ response, body }) => {
      if (body['stream'] !== true) return;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk('a'));
    };
    const whole = post(frontend);
    const streamed = post(frontend, { stream: true });
    await until(() => worker.engine.seen.length === 2);
    expect(await frontend.drain(20)).toEqual({ abandonedRequests: 2 });
    await frontend.close();
    expect((await whole).json['error']).toMatchObject({ code: 'shutting_down' });
    const events = payloads((await streamed).text);
    expect(JSON.parse(events.at(-1) ?? '')).toMatchObject({ error: { code: 'shutting_down' } });
    await expect.poll(() => worker.engine.abandonedCount()).toBe(2);
  });

  it('is done at once when nothing runs, and may be asked twice', async () => {
    expect(await frontend.drain(60_000)).toEqual({ abandonedRequests: 0 });
    expect(await frontend.drain(60_000)).toEqual({ abandonedRequests: 0 });
    await frontend.close();
    await frontend.close();
  });
});

describe('start()', () => {
  it('says in one sentence that its port is taken', async () => {
    const { port } = frontend.address();
    await expect(scene.frontend([], undefined, port)).rejects.toThrow(
      `Cannot listen on 127.0.0.1:${port}: the port is taken by another process`,
    );
  });

  it('refuses a tokenizer that is not there', async () => {
    await expect(scene.frontend(['--tokenizer-path', '/nonexistent'])).rejects.toThrow(/no tokenizer/i);
  });
});
