import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bookings, errorOf, metric, post, Scene, until } from './scene.js';
import { generates } from './test-engine.js';
import type { SeenRequest } from './test-engine.js';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

describe('a frontend whose aggregated workers have too much to do', () => {
  const AGGREGATED = 'service="frontend_aggregated"';

  async function busy(argv: readonly string[] = []) {
    const held: SeenRequest[] = [];
    const worker = await scene.worker('aggregated', 'a', (seen) => void held.push(seen));
    const { engine } = worker;
    const frontend = await scene.frontend(['--router-queue-prefill-tokens', '8', ...argv]);
    const first = post(frontend);
    await until(() => held.length === 1);
    const answerFirst = (): void => {
      engine.answer = generates;
      const [seen] = held;
      if (seen !== undefined) generates(seen);
    };
    const waiting = (): Promise<number> => metric(frontend, 'kvasir_router_waiting_requests', AGGREGATED);
    return { engine, worker, frontend, first, answerFirst, waiting };
  }

  it('keeps requests until one has less', async () => {
    const { engine, frontend, first, answerFirst, waiting } = await busy();
    const second = post(frontend);
    await until(async () => (await waiting()) === 1);
    expect(engine.seen).toHaveLength(1);
    answerFirst();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    expect(await waiting()).toBe(0);
    expect(await bookings(frontend)).toBe(0);
  });

  it('forgets whoever leaves while waiting', async () => {
    const { engine, frontend, first, answerFirst, waiting } = await busy();
    const leaving = new AbortController();
    const second = fetch(`${frontend.url()}/v1/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'm', prompt: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], max_tokens: 3 }),
      signal: leaving.signal,
    }).catch(() => 'left');
    await until(async () => (await waiting()) === 1);
    leaving.abort();
    expect(await second).toBe('left');
    await until(async () => (await waiting()) === 0);
    answerFirst();
    expect((await first).status).toBe(200);
    expect(engine.seen).toHaveLength(1);
    expect(await bookings(frontend)).toBe(0);
  });

  it('tells those who wait at once when the last worker leaves', async () => {
    const { worker, frontend, first, waiting } = await busy();
    const second = post(frontend);
    await until(async () => (await waiting()) === 1);
    await worker.lease.release();
    expect(errorOf(await second).code).toBe('no_workers');
    expect((await first).status).toBeGreaterThanOrEqual(502);
    expect(await bookings(frontend)).toBe(0);
  });

  it('says so when too many wait', async () => {
    const { frontend, first, answerFirst, waiting } = await busy(['--router-queue-requests-max', '1']);
    const second = post(frontend);
    await until(async () => (await waiting()) === 1);
    const third = await post(frontend);
    expect(errorOf(third)).toMatchObject({
      code: 'overloaded',
      message: 'As many requests are booked or wait as may; try again later',
    });
    answerFirst();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
  });
});
