import { RpcError } from '@kvasir/rpc';
import { requestId } from '@kvasir/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Scene, streams } from './scene.js';

/** Every prompt is new to the worker. */
let prompts = 0;
const prompt = () => {
  prompts += 1;
  return { tokens: Uint32Array.from({ length: 40 }, (_, index) => prompts * 1_000 + index) };
};

describe('a prefill router with a queue', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  const start = async (...argv: string[]) => {
    const { url } = await scene.engine(streams('x'));
    await scene.worker('a', url);
    const made = await scene.router(['--router-queue-prefill-tokens', '10', ...argv]);
    const metric = async (name: string): Promise<number> => {
      const text = await (await fetch(made.router.metricsUrl())).text();
      return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)`, 'm').exec(text)?.[1]);
    };
    return { ...made, metric };
  };

  it('lets a booking wait until the worker has less to compute, higher priorities first', async () => {
    const { client, metric } = await start();
    await client.findBestWorker({ requestId: requestId('first'), prompt: prompt() });
    const order: string[] = [];
    const waits = [
      ['low', 0],
      ['high', 7],
    ] as const;
    const pending = waits.map(async ([id, priority]) => {
      await client.findBestWorker({ requestId: requestId(id), prompt: prompt(), poolHints: { priority } });
      order.push(id);
    });
    await expect.poll(() => metric('kvasir_router_waiting_requests')).toBe(2);
    expect(order).toEqual([]);
    await client.markPrefillComplete(requestId('first'));
    await expect.poll(() => order).toEqual(['high']);
    await client.free(requestId('high'));
    await Promise.all(pending);
    expect(order).toEqual(['high', 'low']);
    expect(await metric('kvasir_router_waiting_requests')).toBe(0);
    expect(await metric('kvasir_router_waits_total')).toBe(2);
  });

  it('forgets who leaves, or whose deadline passes, or who is freed, while waiting', async () => {
    const { client, metric } = await start();
    await client.findBestWorker({ requestId: requestId('first'), prompt: prompt() });
    const leaving = new AbortController();
    const attempts = [
      client.findBestWorker({ requestId: requestId('leaves'), prompt: prompt() }, { signal: leaving.signal }),
      client.findBestWorker({ requestId: requestId('late'), prompt: prompt() }, { deadlineMs: 200 }),
      client.findBestWorker({ requestId: requestId('freed'), prompt: prompt() }),
    ].map((attempt) => attempt.catch((error: unknown) => (error instanceof RpcError ? error.code : error)));
    await expect.poll(() => metric('kvasir_router_waiting_requests')).toBeGreaterThanOrEqual(2);
    await expect.poll(() => client.free(requestId('freed'))).toBe(true);
    leaving.abort();
    expect(await Promise.all(attempts)).toEqual([
      'RPC_CANCELLED',
      'RPC_DEADLINE_EXCEEDED',
      'SCHED_WAIT_ENDED',
    ]);
    await expect.poll(() => metric('kvasir_router_waiting_requests')).toBe(0);
    await client.free(requestId('first'));
    // Nobody who has gone was booked.
    const loads = await client.getPotentialLoads({ tokens: new Uint32Array(0) });
    expect(loads).toMatchObject([{ potentialPrefillTokens: 0, activeRequests: 0 }]);
  });

  it('refuses more than may wait, and answers queries at once', async () => {
    const { client } = await start('--router-queue-requests-max', '1');
    await client.findBestWorker({ requestId: requestId('first'), prompt: prompt() });
    const waits = client.findBestWorker({ requestId: requestId('waits'), prompt: prompt() });
    await expect
      .poll(() =>
        client
          .findBestWorker({ requestId: requestId('over'), prompt: prompt() })
          .catch((error: unknown) => error),
      )
      .toMatchObject({ code: 'SCHED_QUEUE_FULL', grpcStatus: 'RESOURCE_EXHAUSTED' });
    expect((await client.bestWorkerId({ prompt: prompt() })).workerId).toBe('a');
    await client.free(requestId('first'));
    expect((await waits).workerId).toBe('a');
  });

  it('lets a generation wait too', async () => {
    const { client } = await start();
    await client.findBestWorker({ requestId: requestId('first'), prompt: prompt() });
    const kinds: string[] = [];
    const generated = (async () => {
      const request = { requestId: null, prompt: prompt(), samplingJson: new Uint8Array() };
      for await (const event of client.generate(request)) kinds.push(event.kind);
    })();
    await expect.poll(() => client.free(requestId('first'))).toBe(true);
    await generated;
    expect(kinds[0]).toBe('routed');
  });
});
