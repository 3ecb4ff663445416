import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@kvasir/service';
import { freePort, makeCertificates, startRedisServer, startServerProcess } from '@kvasir/testkit';
import type { Certificates, ServerProcess } from '@kvasir/testkit';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectRedisRegistry } from '../src/index.js';
import type { RedisConnectionOptions, RedisRegistry } from '../src/index.js';
import { registryContract } from '../src/testing/index.js';
import { endpoint, held, worker } from '../src/testing/harness.js';

const SOON = { timeout: 20_000, interval: 50 };

const registries: RedisRegistry[] = [];
afterEach(async () => {
  for (const registry of registries.splice(0)) await registry.close();
});

async function connect(options: RedisConnectionOptions): Promise<RedisRegistry> {
  const registry = await connectRedisRegistry(options, {
    clock: systemClock,
    limits: { relistMs: 50, outageGraceMs: 2_000 },
  });
  registries.push(registry);
  return registry;
}

/** Ids of the workers that a registry shows. */
function shown(registry: RedisRegistry): () => readonly string[] {
  const watch = registry.watch(endpoint, () => undefined);
  return () => watch.view().workers.map(({ workerId }) => workerId);
}

const folder = (): string => mkdtempSync(join(tmpdir(), 'kvasir-redis-'));

describe('RedisRegistry over TLS with a password', () => {
  let files: Certificates;
  let server: ServerProcess;
  beforeAll(async () => {
    files = makeCertificates();
    server = await startServerProcess('redis-server', (port) => [
      ...['--port', '0', '--tls-port', String(port), '--bind', '127.0.0.1', '--dir', folder(), '--save', ''],
      ...[
        '--tls-cert-file',
        files.certPath,
        '--tls-key-file',
        files.keyPath,
        '--tls-ca-cert-file',
        files.caPath,
      ],
      ...['--tls-auth-clients', 'no', '--requirepass', 'a:b@c'],
    ]);
  });
  afterAll(() => server.stop());

  const options = (password: string, caPath = files.caPath): RedisConnectionOptions => ({
    urls: [`rediss://:${encodeURIComponent(password)}@127.0.0.1:${server.port}`],
    kind: 'server',
    tls: { caPath },
  });

  it('registers and shows', async () => {
    const registry = await connect(options('a:b@c'));
    held(await registry.registerWorker(worker('w1'), 5_000));
    const workers = shown(registry);
    await vi.waitFor(() => expect(workers()).toEqual(['w1']), SOON);
  });

  it('says in one sentence that the password is wrong, without showing it', async () => {
    await expect(connect(options('guess'))).rejects.toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
      message: `Cannot connect to Redis at rediss://127.0.0.1:${server.port}: it refuses the credentials`,
    });
  });

  it('does not trust a certificate of another authority', async () => {
    await expect(connect(options('a:b@c', files.otherCaPath))).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringMatching(/certificate|signature/) as string,
    });
  });

  it('says which file cannot be read', async () => {
    await expect(connect(options('a:b@c', '/nowhere/ca.pem'))).rejects.toMatchObject({
      code: 'REGISTRY_BAD_CONFIGURATION',
      message: expect.stringContaining('/nowhere/ca.pem') as string,
    });
  });
});

describe('RedisRegistry on a cluster', () => {
  const servers: ServerProcess[] = [];
  beforeAll(async () => {
    // By default it would be a port that outgoing connections may have.
    const busPorts = [await freePort(), await freePort(), await freePort()];
    for (const busPort of busPorts)
      servers.push(
        await startRedisServer([
          ...['--cluster-enabled', 'yes', '--cluster-port', String(busPort)],
          ...['--cluster-config-file', join(folder(), 'nodes.conf')],
        ]),
      );
    const clients = servers.map(({ port }) => new Redis(port, '127.0.0.1'));
    const slots = 16_384;
    for (const [node, client] of clients.entries()) {
      const [from, to] = [Math.floor((slots * node) / 3), Math.floor((slots * (node + 1)) / 3) - 1];
      await client.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(node + 1));
    }
    for (const [node, { port }] of servers.entries())
      if (node > 0)
        await clients[0]?.call('CLUSTER', 'MEET', '127.0.0.1', String(port), String(busPorts[node]));
    await vi.waitFor(async () => {
      for (const client of clients)
        expect(await client.call('CLUSTER', 'INFO')).toContain('cluster_state:ok');
    }, SOON);
    for (const client of clients) client.disconnect();
  }, 40_000);
  afterAll(async () => {
    for (const server of servers) await server.stop();
  });

  const urls = (): string[] => servers.map(({ port }) => `redis://127.0.0.1:${port}`);

  registryContract('RedisRegistry on a cluster', async () => {
    for (const { port } of servers) {
      const client = new Redis(port, '127.0.0.1');
      await client.flushall();
      client.disconnect();
    }
    const opened: RedisRegistry[] = [];
    return {
      async connect() {
        const registry = await connectRedisRegistry(
          { urls: urls(), kind: 'cluster' },
          { clock: systemClock, limits: { relistMs: 20 } },
        );
        opened.push(registry);
        return registry;
      },
      // Real time: leases live by Redis' own clock.
      advance: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
      async close() {
        for (const registry of opened) await registry.close();
      },
    };
  });
});

describe('RedisRegistry behind sentinels', () => {
  it('gives up in time when no sentinel answers', async () => {
    const port = await freePort();
    const options: RedisConnectionOptions = {
      ...{ urls: [`redis://127.0.0.1:${port}`], kind: 'sentinel', sentinelName: 'main' },
      startTimeoutMs: 400,
    };
    await expect(connect(options)).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringContaining(`Cannot connect to Redis at redis://127.0.0.1:${port}: `) as string,
    });
  });

  it('goes on with the replica when the master dies', async () => {
    const master = await startRedisServer();
    const replica = await startRedisServer(['--replicaof', '127.0.0.1', String(master.port)]);
    const config = join(folder(), 'sentinel.conf');
    const port = await freePort();
    writeFileSync(
      config,
      [
        `port ${port}`,
        'bind 127.0.0.1',
        `sentinel monitor main 127.0.0.1 ${master.port} 1`,
        'sentinel down-after-milliseconds main 500',
        'sentinel failover-timeout main 2000',
        '',
      ].join('\n'),
    );
    const sentinel = await startServerProcess('redis-server', () => [config, '--sentinel'], { port });
    try {
      const asker = new Redis(port, '127.0.0.1');
      await vi.waitFor(async () => {
        expect(JSON.stringify(await asker.call('SENTINEL', 'REPLICAS', 'main'))).toContain(
          String(replica.port),
        );
      }, SOON);
      asker.disconnect();
      const registry = await connect({
        urls: [`redis://127.0.0.1:${port}`],
        kind: 'sentinel',
        sentinelName: 'main',
      });
      const workers = shown(registry);
      held(await registry.registerWorker(worker('w1'), 2_000));
      await vi.waitFor(() => expect(workers()).toEqual(['w1']), SOON);
      await master.kill();
      await vi.waitFor(() => expect(registry.health().kind).toBe('disconnected'), SOON);
      await vi.waitFor(() => expect(registry.health().kind).toBe('connected'), { ...SOON, timeout: 30_000 });
      // What was lost with the master has come back, and new things find their place.
      held(await registry.registerWorker(worker('w2'), 2_000));
      await vi.waitFor(() => expect(workers()).toEqual(['w1', 'w2']), SOON);
    } finally {
      await sentinel.stop();
      await replica.stop();
      await master.stop();
    }
  }, 60_000);
});
