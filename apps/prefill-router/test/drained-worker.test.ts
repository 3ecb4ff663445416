import { incarnation, requestId } from '@kvasir/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Scene, streams } from './scene.js';

describe('PATCH /admin/workers/ID', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  const patch = (url: string, id: string, body: unknown): Promise<Response> =>
    fetch(`${url}/${id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  async function router() {
    for (const id of ['a', 'b']) await scene.worker(id, (await scene.engine(streams('x'))).url);
    const { router: app, client } = await scene.router();
    const admin = app.metricsUrl().replace('/metrics', '/admin/workers');
    const chosen = async (count = 6): Promise<ReadonlySet<string>> => {
      const ids = new Set<string>();
      for (let index = 0; index < count; index += 1) {
        const id = requestId(`r${Math.random()}`);
        const { workerId } = await client.findBestWorker({
          requestId: id,
          prompt: { tokens: Uint32Array.of(1) },
        });
        ids.add(workerId);
      }
      return ids;
    };
    await expect.poll(async () => [...(await chosen())].toSorted()).toEqual(['a', 'b']);
    return { admin, chosen };
  }

  it('takes new work off a worker, and gives it back', async () => {
    const { admin, chosen } = await router();
    const drained = await patch(admin, 'a', { drain: true });
    expect([drained.status, await drained.json()]).toMatchObject([200, { workerId: 'a', isDraining: true }]);
    expect([...(await chosen())]).toEqual(['b']);
    const all = (await (await fetch(admin)).json()) as {
      workers: { workerId: string; isDraining: boolean }[];
    };
    expect(all.workers.map(({ workerId, isDraining }) => [workerId, isDraining])).toEqual([
      ['a', true],
      ['b', false],
    ]);
    expect((await patch(admin, 'a', { drain: false })).status).toBe(200);
    expect((await chosen(20)).size).toBe(2);
  });

  it.each([[{}], [{ drain: 'yes' }], [{ drain: true, weight: 1 }], [[]], [null]])(
    'refuses %j',
    async (body) => {
      const { admin, chosen } = await router();
      expect((await patch(admin, 'a', body)).status).toBe(400);
      expect((await chosen(20)).size).toBe(2);
    },
  );

  it('knows nobody of another name', async () => {
    const { admin } = await router();
    expect((await patch(admin, 'nobody', { drain: true })).status).toBe(404);
  });

  it('forgets it when the worker leaves and comes again', async () => {
    const { admin, chosen } = await router();
    await patch(admin, 'a', { drain: true });
    await scene.leave('a');
    const { url } = await scene.engine(streams('x'));
    await scene.worker('a', url, { incarnation: incarnation('0002') });
    await expect.poll(async () => (await chosen(20)).size).toBe(2);
  });
});
