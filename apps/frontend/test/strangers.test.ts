/** Workers that are not known to be ours, and addresses that may not be asked. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { post, Scene } from './scene.js';
import { generates, prefills, serves } from './test-engine.js';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const KEY = { headers: { authorization: 'Bearer key-of-a-client' } };

describe('a client’s Authorization', () => {
  it.each([true, false])('goes on to workers when they are known to be ours: %s', async (trustsWorkers) => {
    scene.context = { trustsWorkers };
    const { engine } = await scene.worker('aggregated', 'w1', serves);
    const frontend = await scene.frontend();
    expect((await post(frontend, {}, KEY)).status).toBe(200);
    expect(engine.seen[0]?.headers['authorization']).toBe(
      trustsWorkers ? 'Bearer key-of-a-client' : undefined,
    );
  });
});

describe('a router that names a URL which is not allowed', () => {
  it('sends nothing there: the request runs in one leg', async () => {
    const prefill = await scene.worker('prefill', 'prefill-1', prefills(8));
    const decode = await scene.worker('decode', 'decode-1', generates);
    const router = await scene.prefillRouter();
    scene.context = { allowsWorkerUrl: (url) => url !== prefill.record.url };
    const frontend = await scene.frontend();
    const answer = await post(frontend, {});
    expect(answer.status).toBe(200);
    expect(prefill.engine.seen.filter(({ path }) => path === '/v1/completions')).toEqual([]);
    expect(decode.engine.seen).toHaveLength(1);
    await expect.poll(() => router.freed).toEqual(router.booked);
  });
});
