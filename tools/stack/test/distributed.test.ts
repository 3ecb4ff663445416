import { systemClock } from '@kvasir/service';
import { startTcpProxy } from '@kvasir/testkit';
import type { TcpProxy } from '@kvasir/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DistributedStack } from '../src/distributed-stack.js';
import { stackDefaults } from './start-stack.js';
import { survivesTrouble } from './survives-trouble.js';
import { CLIENTS } from './traffic.js';
import type { Counts } from './traffic.js';

describe('a distributed stack under trouble', () => {
  let stack: DistributedStack;
  let proxy: TcpProxy | null = null;
  const lines: string[] = [];

  beforeAll(async () => {
    stack = new DistributedStack(
      { ...stackDefaults(), httpPort: 0, speedup: 20, logLevel: 'warn', distributed: true },
      { clock: systemClock, tell: (line) => lines.push(line) },
    );
    await stack.start(new AbortController().signal);
  }, 120_000);
  afterAll(async () => {
    await stack.close();
    await proxy?.close();
  }, 120_000);

  const survives = (trouble: () => Promise<void>): Promise<Counts> => survivesTrouble(stack, trouble);

  const wait = (durationMs: number): Promise<void> =>
    new Promise((resolve) => {
      setTimeout(resolve, durationMs);
    });

  it('serves without any', async () => {
    const counts = await survives(() => Promise.resolve());
    expect(counts).toMatchObject({ broken: 0, failed: [] });
  });

  it('tells the routers what the engines say of their load', async () => {
    const { engines } = stack.summary();
    const prefill = engines.filter(({ role }) => role === 'prefill').map(({ workerId }) => workerId);
    for (const url of stack.prefillRouterMetricsUrls())
      await expect
        .poll(
          async () => {
            const text = await (await fetch(url)).text();
            return prefill.filter((id) => text.includes(`kvasir_router_engine_requests{worker_id="${id}"`));
          },
          { timeout: 10_000 },
        )
        .toEqual(prefill);
  });

  it('NATS is killed for 10 s', async () => {
    const counts = await survives(async () => {
      await stack.servers().nats.kill();
      await wait(10_000);
      await stack.servers().nats.restart();
    });
    expect(counts).toMatchObject({ broken: 0, failed: [] });
  });

  it('NATS stands still for 12 s, as behind a broken link', async () => {
    const counts = await survives(async () => {
      stack.servers().nats.pause();
      await wait(12_000);
      stack.servers().nats.resume();
    });
    expect(counts).toMatchObject({ broken: 0, failed: [] });
  });

  it('Redis is killed for 10 s', async () => {
    const counts = await survives(async () => {
      await stack.servers().redis.kill();
      await wait(10_000);
      await stack.servers().redis.restart();
    });
    expect(counts).toMatchObject({ broken: 0, failed: [] });
  });

  it('both are killed for 10 s', async () => {
    const counts = await survives(async () => {
      await Promise.all([stack.servers().redis.kill(), stack.servers().nats.kill()]);
      await wait(10_000);
      await Promise.all([stack.servers().redis.restart(), stack.servers().nats.restart()]);
    });
    expect(counts).toMatchObject({ broken: 0, failed: [] });
  });

  it('a prefill router is killed, and comes back', async () => {
    const counts = await survives(() => stack.restart('prefill-router-1'));
    expect(counts).toMatchObject({ failed: [] });
  });

  it('a router joins, and is then cut off from NATS for 12 s', async () => {
    // It stays, for the new router has no other way to NATS.
    const link = await startTcpProxy(stack.servers().nats.port);
    proxy = link;
    const counts = await survives(async () => {
      await stack.addPrefillRouter(`nats://127.0.0.1:${link.port}`);
      link.cut();
      await wait(12_000);
      link.mend();
    });
    expect(counts).toMatchObject({ broken: 0, failed: [] });
    expect(stack.prefillRouterMetricsUrls()).toHaveLength(3);
  });

  it('the agent is killed, and comes back', async () => {
    const counts = await survives(() => stack.restart('engine-agent-1'));
    expect(counts).toMatchObject({ failed: [] });
  });

  it.each(['prefill-1', 'decode-1'])(
    'an engine is killed in mid-stream, and comes back (%s)',
    async (name) => {
      const counts = await survives(() => stack.restart(name));
      // What had begun to be told to a client cannot be taken back.
      expect(counts.broken + counts.failed.length).toBeLessThanOrEqual(CLIENTS);
    },
  );
});
