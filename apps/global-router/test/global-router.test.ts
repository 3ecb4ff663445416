import { createRouterClient, RpcError } from '@kvasir/rpc';
import type { GenerateEvent, RouteDecision } from '@kvasir/rpc';
import { requestId } from '@kvasir/units';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { entry, known, metricsOf, prompt, Scene, settingsOf, SOON } from './scene.js';
import { deployments } from './test-planes.js';

/** Dynamo's mocker test of its global router, short inputs against long ones added. */
const GRID = {
  inputTokens: { min: 0, max: 2_000, resolution: 2 },
  ttftMs: { min: 10, max: 3_000, resolution: 2 },
  cells: [
    ['short', 'long'],
    ['long', 'long'],
  ],
  overrides: [{ priorityMin: 5, priorityMax: 9, pool: 'long' }],
};

/** Everything goes to `a` while that is well. */
const A_BEFORE_B = {
  pools: [entry('a'), entry('b')],
  policies: ['grid'],
  grids: {
    prefill: {
      inputTokens: { min: 0, max: 10, resolution: 1 },
      ttftMs: { min: 0, max: 10, resolution: 1 },
      cells: [['a']],
    },
  },
};

describe.each(deployments)('%s:', (_, open) => {
  let scene: Scene;
  beforeEach(async () => {
    scene = new Scene(await open());
  });
  afterEach(() => scene.close());

  describe('the global router', () => {
    it('books in the pool that the grid says, and frees where it booked', async () => {
      const [short, long] = [await scene.pool('short'), await scene.pool('long')];
      const { router, client } = await scene.globalRouter(
        settingsOf({ pools: [entry('short'), entry('long')], grids: { prefill: GRID } }),
      );
      await known(router, 2);
      const asker = client();
      const cases = [
        [400, { ttftTargetMs: 10 }, 'short'],
        [400, { ttftTargetMs: 3_000 }, 'long'],
        [1_600, { ttftTargetMs: 10 }, 'long'],
        [400, { ttftTargetMs: 10, priority: 7 }, 'long'],
        [400, { ttftTargetMs: 10, priority: 4 }, 'short'],
      ] as const;
      for (const [index, [length, poolHints, pool]] of cases.entries()) {
        const id = requestId(`r-${index}`);
        const decision = await asker.findBestWorker({ requestId: id, prompt: prompt(length), poolHints });
        expect(decision).toMatchObject({ pool, workerId: `${pool}-prefill` });
        const holder = pool === 'short' ? short : long;
        expect(holder.router.bookingCount()).toBe(1);
        expect(await asker.markPrefillComplete(id)).toBe(true);
        expect(await asker.free(id)).toBe(true);
        expect(await asker.free(id)).toBe(false);
        expect(holder.router.bookingCount()).toBe(0);
      }
      expect(await metricsOf(router)).toContain(
        'kvasir_global_router_cells_total{role="prefill",cell="0,0",service="global_router"} 3',
      );
    });

    it('finds a booking that another global router made, or one before a restart', async () => {
      const pool = await scene.pool('a');
      const settings = settingsOf({ pools: [entry('a')] });
      const one = await scene.globalRouter(settings);
      const other = await scene.globalRouter(settings);
      await known(one.router, 1);
      await known(other.router, 1);
      const id = requestId('r');
      const { routerAddress } = await one.client().findBestWorker({ requestId: id, prompt: prompt(40) });
      expect(await other.client().free(id)).toBe(true);
      expect(pool.router.bookingCount()).toBe(0);
      // Who was told where it is booked needs no global router for the rest.
      await one.client().findBestWorker({ requestId: id, prompt: prompt(40) });
      const direct = createRouterClient(routerAddress ?? '', { deadlineMs: 2_000 });
      expect(await direct.free(id)).toBe(true);
      direct.close();
    });

    it('asks the pools and takes the one that holds the prompt', async () => {
      await scene.pool('a');
      const b = await scene.pool('b');
      await scene.pool('c');
      const { router, client } = await scene.globalRouter(
        settingsOf({ pools: ['a', 'b', 'c'].map((name) => entry(name)), policies: ['probe', 'load'] }),
      );
      await known(router, 3);
      b.hold(prompt(400).tokens);
      const asker = client();
      await vi.waitFor(async () => {
        expect(await asker.bestWorkerId({ prompt: prompt(400) })).toMatchObject({
          pool: 'b',
          overlapBlocks: 100,
        });
      }, SOON);
      expect(await metricsOf(router)).toMatch(/choices_total\{role="prefill",pool="b",reason="probe"/);
      const explained = await asker.explainPool({ prompt: prompt(400) });
      expect(explained).toMatchObject({ reason: 'probe', pools: [{ name: 'b', refusedFor: null }, {}, {}] });
      expect(explained.pools[0]?.cost).toBeLessThan(explained.pools[1]?.cost ?? 0);
    });

    it('cancels the call to the pool when its caller leaves', async () => {
      const asked: AbortSignal[] = [];
      await scene.pool('a', 'prefill', {
        handlers: {
          findBestWorker: (_request, left) => {
            asked.push(left());
            return new Promise(() => undefined);
          },
        },
      });
      const { router, client } = await scene.globalRouter(settingsOf({ pools: [entry('a')] }));
      await known(router, 1);
      const leaving = new AbortController();
      const call = client()
        .findBestWorker({ requestId: requestId('r'), prompt: prompt(40) }, { signal: leaving.signal })
        .catch((error: unknown) => error);
      await expect.poll(() => asked.length, SOON).toBe(1);
      leaving.abort();
      expect(await call).toMatchObject({ code: 'RPC_CANCELLED' });
      await expect.poll(() => asked[0]?.aborted, SOON).toBe(true);
    });

    it('does not wait for a probe that is late', async () => {
      const never = new Promise<RouteDecision>(() => undefined);
      await scene.pool('slow', 'prefill', { handlers: { bestWorkerId: () => never } });
      await scene.pool('quick');
      const { router, client } = await scene.globalRouter(
        settingsOf({
          pools: [entry('slow'), entry('quick')],
          policies: ['probe'],
          probe: { deadlineMs: 2_000 },
        }),
      );
      await known(router, 2);
      const decision = await client().findBestWorker({ requestId: requestId('r'), prompt: prompt(40) });
      expect(decision.pool).toBe('quick');
      expect(await metricsOf(router)).toContain('probes_total{pool="slow",outcome="late"');
    });

    it('loses no request when a pool is killed, and counts what went on to another', async () => {
      const a = await scene.pool('a');
      await scene.pool('b');
      const { router, client } = await scene.globalRouter(settingsOf(A_BEFORE_B));
      await known(router, 2);
      const asker = client();
      const ask = async (index: number): Promise<string | null> =>
        (await asker.findBestWorker({ requestId: requestId(`r-${index}`), prompt: prompt(40) })).pool;
      const answers: Promise<string | null>[] = [];
      for (let index = 0; index < 200; index += 1) {
        answers.push(ask(index));
        if (index === 60) void a.kill();
        if (index % 20 === 0) await Promise.allSettled(answers);
      }
      const pools = await Promise.all(answers);
      expect(pools.slice(0, 40)).toEqual(Array<string>(40).fill('a'));
      expect(pools.slice(-40)).toEqual(Array<string>(40).fill('b'));
      expect(await metricsOf(router)).toMatch(/fail_overs_total\{from="a",to="b",[^}]*\} [1-9]/);
    });

    it('says why no pool takes a request', async () => {
      await scene.pool('a');
      const { router, client } = await scene.globalRouter(settingsOf({ pools: [entry('a'), entry('gone')] }));
      await known(router, 1);
      await fetch(`${router.adminUrl()}/admin/pools/a`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: '{"isDraining":true}',
      });
      await expect(
        client().findBestWorker({ requestId: requestId('r'), prompt: prompt(4) }),
      ).rejects.toMatchObject({
        code: 'POOL_NONE_ELIGIBLE',
        message: 'Cannot choose a prefill pool: a: draining, gone: noRouter',
      });
    });

    it('sends a request of an adapter to the pool whose workers serve it', async () => {
      await scene.pool('a', 'prefill', { loraNames: ['sql'] });
      await scene.pool('b', 'prefill', { loraNames: [] });
      const { router, client } = await scene.globalRouter(settingsOf({ pools: [entry('a'), entry('b')] }));
      await known(router, 2);
      const asker = client();
      for (let index = 0; index < 8; index += 1) {
        const request = { prompt: { ...prompt(40, index), loraName: 'sql' } };
        expect((await asker.bestWorkerId(request)).pool).toBe('a');
      }
      await expect(
        asker.bestWorkerId({ prompt: { ...prompt(40), loraName: 'poetry' } }),
      ).rejects.toMatchObject({ message: 'Cannot choose a prefill pool: a: noLora, b: noLora' });
    });

    it('keeps both legs at one site', async () => {
      for (const name of ['a', 'b']) {
        await scene.pool(name, 'prefill');
        await scene.pool(name, 'decode');
      }
      const pools = ['a', 'b'].flatMap((name) => [
        { ...entry(name, 'prefill', { labels: [`site=${name}`] }), name: `p${name}` },
        { ...entry(name, 'decode', { labels: [`site=${name}`] }), name: `d${name}` },
      ]);
      const { router, client } = await scene.globalRouter(
        settingsOf({ pools, policies: ['load'], topology: { label: 'site', mode: 'required' } }),
      );
      await known(router, 4);
      const [prefill, decode] = [client('prefill'), client('decode')];
      for (let index = 0; index < 12; index += 1) {
        const id = requestId(`r-${index}`);
        const first = await prefill.findBestWorker({ requestId: id, prompt: prompt(40) });
        const poolHints = { partnerPool: first.pool ?? undefined };
        const second = await decode.findBestWorker({ requestId: id, prompt: prompt(40), poolHints });
        expect(second.pool?.slice(1)).toBe(first.pool?.slice(1));
      }
    });

    it('keeps a session in its pool', async () => {
      for (const name of ['a', 'b', 'c']) await scene.pool(name);
      const { router, client } = await scene.globalRouter(
        settingsOf({ pools: ['a', 'b', 'c'].map((name) => entry(name)), policies: ['load'], affinity: {} }),
      );
      await known(router, 3);
      const asker = client();
      const ask = async (index: number, sessionId: string): Promise<string | null> =>
        (
          await asker.findBestWorker({
            requestId: requestId(`${sessionId}-${index}`),
            prompt: prompt(40),
            poolHints: { sessionId },
          })
        ).pool;
      const first = await ask(0, 's');
      for (let index = 1; index < 12; index += 1) {
        await ask(index, `other-${index}`);
        expect(await ask(index, 's')).toBe(first);
      }
    });

    it('nests: a global router over a global router', async () => {
      const [inner, outer] = [await scene.pool('east'), await scene.pool('west')];
      const east = await scene.globalRouter(settingsOf({ pools: [entry('east')] }), { namespace: 'site-a' });
      await known(east.router, 1);
      const top = await scene.globalRouter(
        settingsOf({ pools: [{ ...entry('site-a'), name: 'site-a' }, entry('west')], policies: ['probe'] }),
        { namespace: 'top' },
      );
      await known(top.router, 2);
      inner.hold(prompt(400).tokens);
      const asker = top.client();
      await vi.waitFor(async () => {
        const decision = await asker.findBestWorker({ requestId: requestId('r'), prompt: prompt(400) });
        expect(await asker.free(requestId('r'))).toBe(true);
        expect(decision).toMatchObject({ pool: 'site-a/east', overlapBlocks: 100 });
      }, SOON);
      expect([inner.router.bookingCount(), outer.router.bookingCount()]).toEqual([0, 0]);
    });

    it('relays a generation, goes on to another pool before the first output, and not after', async () => {
      const decision = (name: string): RouteDecision =>
        ({
          ...{ workerId: `${name}-w`, rank: 0, url: `http://${name}`, dialect: 'vllm', incarnation: '1' },
          ...{ overlapBlocks: 0, promptBlocks: 1, blockSize: 4, cachedTokens: 0, cost: 0, terms: [] },
          ...{ pool: null, routerAddress: null },
        }) as unknown as RouteDecision;
      const chunk = (text: string): GenerateEvent => ({ kind: 'chunk', json: Buffer.from(text) });
      const fault = (): RpcError =>
        new RpcError('the engine is gone', { code: 'ENGINE_X', grpcStatus: 'UNAVAILABLE' });
      let fails: 'before' | 'after' = 'before';
      await scene.pool('a', 'prefill', {
        handlers: {
          async *generate() {
            await Promise.resolve();
            yield { kind: 'routed', decision: decision('a') };
            if (fails === 'after') yield chunk('"from a"');
            throw fault();
          },
        },
      });
      await scene.pool('b', 'prefill', {
        handlers: {
          async *generate() {
            await Promise.resolve();
            yield { kind: 'routed', decision: decision('b') };
            yield chunk('"from b"');
          },
        },
      });
      const { router, client } = await scene.globalRouter(settingsOf(A_BEFORE_B));
      await known(router, 2);
      const request = { requestId: null, prompt: prompt(4), samplingJson: new Uint8Array() };
      const events: string[] = [];
      const read = async (): Promise<void> => {
        for await (const event of client().generate(request))
          events.push(
            event.kind === 'routed' ? (event.decision.pool ?? '') : Buffer.from(event.json).toString(),
          );
      };
      await read();
      expect(events.splice(0)).toEqual(['b', '"from b"']);
      fails = 'after';
      await expect(read()).rejects.toMatchObject({ code: 'ENGINE_X' });
      expect(events).toEqual(['a', '"from a"']);
    });
  });
});
