import { systemClock } from '@kvasir/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DistributedStack } from '../src/distributed-stack.js';
import { metricSum, stackDefaults } from './start-stack.js';
import { areIndexesRight, survivesTrouble } from './survives-trouble.js';

const SOON = { timeout: 20_000, interval: 200 };

describe('a distributed stack with --durable-kv-events', () => {
  let stack: DistributedStack;
  beforeAll(async () => {
    stack = new DistributedStack(
      {
        ...{ ...stackDefaults(), httpPort: 0, speedup: 20, logLevel: 'warn', distributed: true },
        ...{ durableKvEvents: true, routerSnapshotThreshold: 40 },
      },
      { clock: systemClock, tell: () => undefined },
    );
    await stack.start(new AbortController().signal);
  }, 120_000);
  afterAll(() => stack.close(), 120_000);

  const snapshots = (url: string): Promise<number> => metricSum(url, 'kvasir_router_snapshots');

  it('restarts a router warm while the agent stands still', async () => {
    await survivesTrouble(stack, () => Promise.resolve());
    const [url = ''] = stack.prefillRouterMetricsUrls();
    await expect
      .poll(
        async () => (await snapshots(url)) + (await snapshots(stack.prefillRouterMetricsUrls()[1] ?? '')),
        SOON,
      )
      .toBeGreaterThan(0);
    stack.pause('engine-agent-1', true);
    try {
      await stack.restart('prefill-router-1');
      await expect
        .poll(() => areIndexesRight(stack).catch(() => false), { ...SOON, timeout: 8_000 })
        .toBe(true);
    } finally {
      stack.pause('engine-agent-1', false);
    }
  });

  it('NATS is killed and comes back with its stream', async () => {
    const counts = await survivesTrouble(stack, async () => {
      await stack.servers().nats.kill();
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      await stack.servers().nats.restart();
    });
    expect(counts).toMatchObject({ broken: 0, failed: [] });
  });
});
