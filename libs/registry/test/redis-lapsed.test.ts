import { systemClock } from '@kvasir/service';
import { startRedisServer } from '@kvasir/testkit';
import type { ServerProcess } from '@kvasir/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectRedisRegistry } from '../src/index.js';
import type { RedisRegistry } from '../src/index.js';
import { endpoint, held, worker } from '../src/testing/harness.js';
import { ViewLog } from '../src/testing/view-log.js';

const LEASE_MS = 600;
const LONG = { timeout: 20_000, interval: 20 };

let server: ServerProcess;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(() => server.stop());

describe('workers whose agent stands still', () => {
  const registries: RedisRegistry[] = [];
  const connect = async (
    stillAnswers?: () => Promise<boolean>,
    kept?: () => void,
  ): Promise<RedisRegistry> => {
    const registry = await connectRedisRegistry(
      { urls: [`redis://127.0.0.1:${server.port}`], kind: 'server' },
      { clock: systemClock, stillAnswers, onKept: kept, limits: { relistMs: 50 } },
    );
    registries.push(registry);
    return registry;
  };
  afterEach(async () => {
    for (const registry of registries.splice(0)) await registry.close();
  });

  it('stay while their engines answer, go when one dies, and are as before when the agent goes on', async () => {
    let isThere = true;
    let asked = 0;
    let kept = 0;
    const owner = await connect();
    const plain = new ViewLog(await connect(), endpoint);
    const consumer = await connect(
      () => {
        asked += 1;
        return Promise.resolve(isThere);
      },
      () => (kept += 1),
    );
    const log = new ViewLog(consumer, endpoint);
    const lease = held(await owner.registerWorker(worker('w1'), LEASE_MS));
    await log.reaches('w1; kvasir-mock by 64');
    expect(asked).toBe(0);
    lease.abandon();
    // Who asks nobody shows when the lease has lapsed.
    await vi.waitFor(() => expect(plain.view.workers).toEqual([]), LONG);
    await vi.waitFor(() => expect(asked).toBeGreaterThan(2), LONG);
    expect(log.told.filter((view) => view.startsWith('nobody')).length).toBeLessThanOrEqual(1);
    expect(log.view.workers).toHaveLength(1);
    expect(kept).toBe(1);
    isThere = false;
    await vi.waitFor(() => expect(log.view.workers).toEqual([]), LONG);
    const next = held(await owner.registerWorker(worker('w1'), LEASE_MS));
    await vi.waitFor(() => expect(log.view.workers).toHaveLength(1), LONG);
    isThere = true;
    await next.release();
    // A record that was taken away is not one whose lease has lapsed.
    await vi.waitFor(() => expect(log.view.workers).toEqual([]), LONG);
  });
});
