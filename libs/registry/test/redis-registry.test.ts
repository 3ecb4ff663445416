import { systemClock } from '@kvasir/service';
import { startRedisServer } from '@kvasir/testkit';
import type { ServerProcess } from '@kvasir/testkit';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectRedisRegistry, RegistryError } from '../src/index.js';
import type { ChangeNotices, EndpointView, RedisRegistry } from '../src/index.js';
import { registryContract } from '../src/testing/index.js';
import { endpoint, held, life, router, worker } from '../src/testing/harness.js';

let server: ServerProcess;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(() => server.stop());

const urlOf = ({ port }: ServerProcess): string => `redis://127.0.0.1:${port}`;

/** Notices within this process, as an event plane would carry them. */
function localNotices(): ChangeNotices {
  const listeners = new Set<readonly [string, () => void]>();
  return {
    publish: (subject) => {
      for (const [pattern, deliver] of listeners) if (pattern === subject) queueMicrotask(deliver);
    },
    subscribe: (pattern, deliver) => {
      const listener = [pattern, deliver] as const;
      listeners.add(listener);
      return { unsubscribe: () => listeners.delete(listener) };
    },
  };
}

const sleep = (durationMs: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });

async function flush(): Promise<void> {
  const client = new Redis(server.port, '127.0.0.1');
  await client.flushall();
  client.disconnect();
}

for (const notices of [localNotices(), undefined])
  registryContract(`RedisRegistry ${notices === undefined ? 'without' : 'with'} notices`, async () => {
    await flush();
    const registries: RedisRegistry[] = [];
    return {
      async connect() {
        const registry = await connectRedisRegistry(
          { urls: [urlOf(server)], kind: 'server' },
          { clock: systemClock, notices, limits: { relistMs: notices === undefined ? 20 : 500 } },
        );
        registries.push(registry);
        return registry;
      },
      // Real time: leases live by Redis' own clock.
      advance: sleep,
      async close() {
        for (const registry of registries) await registry.close();
      },
    };
  });

describe('RedisRegistry', () => {
  const registries: RedisRegistry[] = [];
  const connect = async (): Promise<RedisRegistry> => {
    const registry = await connectRedisRegistry(
      { urls: [urlOf(server)], kind: 'server' },
      { clock: systemClock, limits: { relistMs: 50, outageGraceMs: 2_000 } },
    );
    registries.push(registry);
    return registry;
  };
  const follow = (registry: RedisRegistry): { readonly seen: () => EndpointView } => {
    const watch = registry.watch(endpoint, () => undefined);
    return { seen: () => watch.view() };
  };
  const names = ({ workers, routers }: EndpointView): string =>
    [...workers.map(({ workerId }) => workerId), ...routers.map(({ routerId }) => routerId)].join(' ');

  beforeEach(flush);
  afterEach(async () => {
    for (const registry of registries.splice(0)) await registry.close();
  });

  it('keeps the last view while Redis is away, and everything that was lost with it comes back', async () => {
    const [owner, consumer] = [await connect(), await connect()];
    const lease = held(await owner.registerWorker(worker('w1'), 600));
    held(await owner.registerRouter(router('r1'), 600));
    const { seen } = follow(consumer);
    await vi.waitFor(() => expect(names(seen())).toBe('w1 r1'));
    await server.kill();
    await vi.waitFor(() => {
      expect(consumer.health()).toMatchObject({ kind: 'disconnected', reason: 'Redis is not connected' });
      expect(seen().isFresh).toBe(false);
    });
    // Longer than every lease; a change made meanwhile must arrive too.
    expect(await lease.update(worker('w1', { isDraining: true }))).toEqual({ kind: 'updated' });
    await sleep(900);
    expect(names(seen())).toBe('w1 r1');
    await server.restart();
    await vi.waitFor(
      () => {
        expect(seen().isFresh).toBe(true);
        expect(seen().workers[0]?.isDraining).toBe(true);
      },
      { timeout: 5_000 },
    );
    expect(names(seen())).toBe('w1 r1');
    expect(lease.state()).toEqual({ kind: 'held' });
    expect(consumer.health()).toEqual({ kind: 'connected' });
  });

  it('drops nobody when everything in Redis was deleted under open connections', async () => {
    const [owner, consumer] = [await connect(), await connect()];
    held(await owner.registerWorker(worker('w1'), 1_500));
    const seen: string[] = [];
    const watch = consumer.watch(endpoint, (view) => seen.push(names(view)));
    await vi.waitFor(() => expect(seen.at(-1)).toBe('w1'));
    await flush();
    await sleep(1_000);
    expect(names(watch.view())).toBe('w1');
    expect(seen.slice(seen.indexOf('w1'))).not.toContain('');
  });

  it('says that a Redis which stands still does not answer', async () => {
    const [owner, consumer] = [await connect(), await connect()];
    held(await owner.registerWorker(worker('w1'), 600));
    const { seen } = follow(consumer);
    await vi.waitFor(() => expect(names(seen())).toBe('w1'));
    server.pause();
    await vi.waitFor(() => expect(consumer.health()).toMatchObject({ reason: 'Redis does not answer' }), {
      timeout: 5_000,
    });
    expect(names(seen())).toBe('w1');
    server.resume();
    await vi.waitFor(() => expect(consumer.health()).toEqual({ kind: 'connected' }), { timeout: 5_000 });
    await vi.waitFor(() => expect(seen().isFresh).toBe(true));
    expect(names(seen())).toBe('w1');
  });

  it('lets those go who did not come back after an outage, once the grace is over', async () => {
    const [owner, other, consumer] = [await connect(), await connect(), await connect()];
    held(await owner.registerWorker(worker('w1'), 600));
    const dying = held(await other.registerWorker(worker('w2'), 600));
    const { seen } = follow(consumer);
    await vi.waitFor(() => expect(names(seen())).toBe('w1 w2'));
    await server.kill();
    dying.abandon();
    await vi.waitFor(() => expect(seen().isFresh).toBe(false));
    await server.restart();
    await vi.waitFor(() => expect(names(seen())).toBe('w1'), { timeout: 8_000 });
  });

  it('keeps fencing over a Redis that came back empty', async () => {
    const [owner, other] = [await connect(), await connect()];
    const old = held(await owner.registerWorker(worker('w1', { incarnation: life(1_000) }), 600));
    await server.kill();
    await server.restart();
    await vi.waitFor(() => expect(other.health().kind).toBe('connected'), { timeout: 5_000 });
    const young = held(await other.registerWorker(worker('w1', { incarnation: life(2_000) }), 600));
    await vi.waitFor(() => expect(['superseded', 'lost']).toContain(old.state().kind), { timeout: 5_000 });
    expect(young.state()).toEqual({ kind: 'held' });
  });

  it('holds 500 workers of as many owners', async () => {
    const [owner, consumer] = [await connect(), await connect()];
    const { seen } = follow(consumer);
    const workers = Array.from({ length: 500 }, (_, index) => worker(`w${index}`));
    const outcomes = await Promise.all(workers.map((record) => owner.registerWorker(record, 5_000)));
    expect(outcomes.filter(({ kind }) => kind === 'refused')).toEqual([]);
    await vi.waitFor(() => expect(seen().workers).toHaveLength(500), { timeout: 5_000 });
  });

  it('says where it cannot connect, without the credentials, and when they are wrong', async () => {
    const attempt = async (url: string): Promise<unknown> =>
      await connectRedisRegistry({ urls: [url], kind: 'server' }, { clock: systemClock }).catch(
        (error: unknown) => error,
      );
    const nobody = await attempt('redis://me:secret@127.0.0.1:1');
    expect(nobody).toBeInstanceOf(RegistryError);
    expect(nobody).toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: 'Cannot connect to Redis at redis://127.0.0.1:1: nobody listens there',
    });
    expect(await attempt('http://x')).toMatchObject({ code: 'REGISTRY_BAD_CONFIGURATION' });
    const guarded = await startRedisServer(['--requirepass', 'secret']);
    expect(await attempt(`redis://:wrong@127.0.0.1:${guarded.port}`)).toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
    });
    const registry = await attempt(`redis://:secret@127.0.0.1:${guarded.port}`);
    expect((registry as RedisRegistry).health()).toEqual({ kind: 'connected' });
    await (registry as RedisRegistry).close();
    await guarded.stop();
  });
});
