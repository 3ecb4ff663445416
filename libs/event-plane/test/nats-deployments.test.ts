import { systemClock } from '@kvasir/service';
import { freePort, makeCertificates, startServerProcess } from '@kvasir/testkit';
import type { Certificates, ServerProcess } from '@kvasir/testkit';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectNatsEventPlane } from '../src/index.js';
import type { NatsEventPlane, NatsOptions } from '../src/index.js';
import { makeOperator } from './nats-operator.js';

const SOON = { timeout: 15_000, interval: 20 };

const planes: NatsEventPlane[] = [];
const servers: ServerProcess[] = [];
afterEach(async () => {
  for (const plane of planes.splice(0)) await plane.close();
  for (const server of servers.splice(0)) await server.stop();
});

async function start(...args: readonly string[]): Promise<ServerProcess> {
  const server = await startServerProcess('nats-server', (port) => [
    '-a',
    '127.0.0.1',
    '-p',
    String(port),
    ...args,
  ]);
  servers.push(server);
  return server;
}

async function connect(options: Omit<NatsOptions, 'name'>): Promise<NatsEventPlane> {
  const plane = await connectNatsEventPlane({ name: 'test', clock: systemClock, ...options });
  planes.push(plane);
  return plane;
}

/** What is published on one plane arrives on the other. */
async function carries(one: NatsEventPlane, other: NatsEventPlane, value: number): Promise<void> {
  const seen: number[] = [];
  const subscription = other.subscribe('test.a', ({ payload }) => void seen.push(payload[0] ?? 0));
  await other.flush();
  await vi.waitFor(async () => {
    one.publish('test.a', Uint8Array.of(value));
    await one.flush();
    expect(seen).toContain(value);
  }, SOON);
  subscription.unsubscribe();
}

describe('NatsEventPlane with credentials', () => {
  it('logs in with user and password, as options or in the URL', async () => {
    const { port } = await start('--user', 'u', '--pass', 'p:1@x');
    const one = await connect({ urls: [`nats://127.0.0.1:${port}`], user: 'u', password: 'p:1@x' });
    const other = await connect({ urls: [`nats://u:${encodeURIComponent('p:1@x')}@127.0.0.1:${port}`] });
    await carries(one, other, 1);
  });

  it('logs in with a token', async () => {
    const { port } = await start('--auth', 'secret');
    const one = await connect({ urls: [`nats://127.0.0.1:${port}`], token: 'secret' });
    await carries(one, await connect({ urls: [`nats://secret@127.0.0.1:${port}`] }), 2);
  });

  it('says in one sentence that the credentials are wrong, without showing them', async () => {
    const { port } = await start('--user', 'u', '--pass', 'p');
    for (const options of [{ user: 'u', password: 'guess' }, { token: 'guess' }, {}])
      await expect(connect({ urls: [`nats://127.0.0.1:${port}`], ...options })).rejects.toMatchObject({
        code: 'EVENT_PLANE_UNAUTHORIZED',
        message: `Cannot connect to NATS at nats://127.0.0.1:${port}: the server refuses the credentials`,
      });
  });

  it('logs in with a credentials file of a user whose operator the server trusts, and no other', async () => {
    const { configPath, credentialsPath, strangerPath } = makeOperator();
    const { port } = await start('-c', configPath);
    const urls = [`nats://127.0.0.1:${port}`];
    await carries(await connect({ urls, credentialsPath }), await connect({ urls, credentialsPath }), 8);
    await expect(connect({ urls, credentialsPath: strangerPath })).rejects.toMatchObject({
      code: 'EVENT_PLANE_UNAUTHORIZED',
    });
  });

  it('says that a credentials file cannot be read', async () => {
    const { port } = await start();
    await expect(
      connect({ urls: [`nats://127.0.0.1:${port}`], credentialsPath: '/nowhere/user.creds' }),
    ).rejects.toMatchObject({
      code: 'EVENT_PLANE_BAD_CONFIGURATION',
      message: expect.stringContaining('/nowhere/user.creds') as string,
    });
  });
});

describe('NatsEventPlane over TLS', () => {
  let files: Certificates;
  beforeAll(() => {
    files = makeCertificates();
  });
  const secured = (): string[] => ['--tls', '--tlscert', files.certPath, '--tlskey', files.keyPath];

  it('trusts the authority that it is given', async () => {
    const { port } = await start(...secured());
    const options = { urls: [`tls://127.0.0.1:${port}`], tls: { caPath: files.caPath } };
    await carries(await connect(options), await connect(options), 3);
  });

  it('shows a certificate of its own where the server wants one', async () => {
    const { port } = await start(...secured(), '--tlsverify', '--tlscacert', files.caPath);
    const tls = { caPath: files.caPath, certPath: files.certPath, keyPath: files.keyPath };
    const options = { urls: [`tls://127.0.0.1:${port}`], tls };
    await carries(await connect(options), await connect(options), 4);
    await expect(connect({ ...options, tls: { caPath: files.caPath } })).rejects.toThrow(
      /Cannot connect to NATS/,
    );
  });

  it('does not trust another authority', async () => {
    const { port } = await start(...secured());
    await expect(
      connect({ urls: [`tls://127.0.0.1:${port}`], tls: { caPath: files.otherCaPath } }),
    ).rejects.toMatchObject({
      code: 'EVENT_PLANE_UNREACHABLE',
      message: expect.stringMatching(/certificate|signature/) as string,
    });
  });
});

describe('NatsEventPlane on a cluster', () => {
  it('goes on over another server when the one that it is connected to dies', async () => {
    const [oneRoutes, otherRoutes] = [await freePort(), await freePort()];
    const clustered = (own: number, peer: number): string[] => [
      ...['--cluster_name', 'c', '--cluster', `nats://127.0.0.1:${own}`],
      ...['--routes', `nats://127.0.0.1:${peer}`],
    ];
    const one = await start(...clustered(oneRoutes, otherRoutes));
    const other = await start(...clustered(otherRoutes, oneRoutes));
    const urls = [`nats://127.0.0.1:${one.port}`, `nats://127.0.0.1:${other.port}`];
    const [first, second] = [
      await connect({ urls: urls.slice(0, 1) }),
      await connect({ urls: urls.slice(1) }),
    ];
    await carries(first, second, 5);
    await one.kill();
    await vi.waitFor(() => expect(first.health().kind).toBe('connected'), SOON);
    await carries(first, second, 6);
    await carries(second, first, 7);
  }, 40_000);
});
