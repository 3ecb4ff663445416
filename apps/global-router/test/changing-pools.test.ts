import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestId } from '@kvasir/units';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { entry, known, metricsOf, prompt, Scene, settingsOf, SOON } from './scene.js';
import { deployments } from './test-planes.js';

describe.each(deployments)('%s:', (_, open) => {
  let scene: Scene;
  beforeEach(async () => {
    scene = new Scene(await open());
  });
  afterEach(() => scene.close());

  describe('the pools of a running global router', () => {
    it('change with the file; one that is wrong changes nothing', async () => {
      for (const name of ['a', 'b']) await scene.pool(name);
      const path = join(mkdtempSync(join(tmpdir(), 'kvasir-pools-')), 'pools.yaml');
      const write = (value: unknown): void => writeFileSync(path, JSON.stringify(value));
      write({ pools: [entry('a')] });
      const { router, client } = await scene.globalRouter(settingsOf({ pools: [entry('a')] }), { path });
      await known(router, 1);
      const asker = client();
      const poolsOf = async (): Promise<readonly string[]> =>
        (await asker.explainPool({ prompt: prompt(4) })).pools.map(({ name }) => name).toSorted();
      expect(await poolsOf()).toEqual(['a']);
      write({ pools: [{ ...entry('a'), weight: -1 }] });
      await vi.waitFor(async () => expect(await metricsOf(router)).toContain('outcome="refused"'), SOON);
      expect(await poolsOf()).toEqual(['a']);
      write({ pools: [entry('b'), entry('a')] });
      await vi.waitFor(async () => expect(await poolsOf()).toEqual(['a', 'b']), SOON);
      await known(router, 2);
      write({ pools: [entry('b')] });
      await vi.waitFor(async () => expect(await poolsOf()).toEqual(['b']), SOON);
      expect((await asker.findBestWorker({ requestId: requestId('r'), prompt: prompt(4) })).pool).toBe('b');
    });

    it('are added, weighed, drained and removed by hand', async () => {
      for (const name of ['a', 'b']) await scene.pool(name, 'prefill', { requestsMax: 100 });
      const { router, client } = await scene.globalRouter(
        settingsOf({ pools: [entry('a')], policies: ['load'] }),
      );
      await known(router, 1);
      const call = (method: string, path: string, body?: unknown): Promise<Response> =>
        fetch(`${router.adminUrl()}/admin/pools${path}`, {
          method,
          ...(body === undefined
            ? {}
            : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        });
      expect((await call('POST', '', entry('b'))).status).toBe(201);
      const asker = client();
      let asked = 0;
      // A pool counts for its load only once it has reported it, which is to be so within 2 s.
      await vi.waitFor(
        async () => {
          asked += 1;
          const request = { requestId: requestId(`r-${asked}`), prompt: prompt(40) };
          expect((await asker.findBestWorker(request)).pool).toBe('b');
        },
        { timeout: 2_000, interval: 10 },
      );
      expect((await call('PATCH', '/a', { isDraining: true })).status).toBe(200);
      expect((await asker.bestWorkerId({ prompt: prompt(40) })).pool).toBe('b');
      expect((await call('PATCH', '/a', { isDraining: false, weight: 3 })).status).toBe(200);
      expect(await (await call('PATCH', '/a', { weight: 0 })).json()).toEqual({
        error: 'weight must be a number above 0',
      });
      expect((await call('PATCH', '/x', { weight: 1 })).status).toBe(404);
      expect((await call('POST', '', { name: 'c' })).status).toBe(400);
      expect((await call('DELETE', '/b')).status).toBe(204);
      expect((await asker.bestWorkerId({ prompt: prompt(40) })).pool).toBe('a');
      const page = (await (await call('GET', '')).json()) as { decisions: unknown[]; pools: unknown[] };
      expect(page.pools).toHaveLength(1);
      expect(page.decisions).toHaveLength(asked + 2);
    });
  });

  describe('two global routers over equal pools', () => {
    it('spread requests evenly: no herd', async () => {
      const names = ['a', 'b', 'c', 'd'];
      for (const name of names) await scene.pool(name, 'prefill', { requestsMax: 1_000 });
      const settings = settingsOf({ pools: names.map((name) => entry(name)), policies: ['load'] });
      const routers = [await scene.globalRouter(settings), await scene.globalRouter(settings)];
      for (const { router } of routers) await known(router, 4);
      const counts = new Map<string, number>();
      const askers = routers.map(({ client }) => client());
      const requests = Array.from({ length: 2_000 }, (_, index) => index);
      const worker = async (): Promise<void> => {
        for (let index = requests.pop(); index !== undefined; index = requests.pop()) {
          const asker = askers[index % 2];
          const decision = await asker?.findBestWorker({
            requestId: requestId(`r-${index}`),
            prompt: prompt(40, index),
          });
          const pool = decision?.pool ?? '';
          counts.set(pool, (counts.get(pool) ?? 0) + 1);
        }
      };
      await Promise.all(Array.from({ length: 32 }, worker));
      const most = Math.max(...counts.values());
      expect(most / (2_000 / names.length)).toBeLessThanOrEqual(1.1);
    });
  });
});
