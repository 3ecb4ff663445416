import { afterEach, describe, expect, it } from 'vitest';
import { createAdminServer, createMetrics } from '../src/index.js';
import type { AdminServer, Readiness } from '../src/index.js';

const opened: AdminServer[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close();
});

const never = new AbortController().signal;

async function serve(readiness: () => Readiness, port = 0): Promise<{ server: AdminServer; url: string }> {
  const metrics = createMetrics('test_service');
  metrics.counter({ name: 'kvasir_test_total', help: 'Tests.' }).inc();
  const server = createAdminServer({ name: 'admin', host: '127.0.0.1', port, metrics, readiness });
  opened.push(server);
  await server.start(never);
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}

describe('createAdminServer()', () => {
  it('serves probes and metrics', async () => {
    let readiness: Readiness = { kind: 'ready' };
    const { url } = await serve(() => readiness);
    const status = async (path: string) => (await fetch(url + path)).status;
    expect([await status('/health'), await status('/live'), await status('/ready')]).toEqual([200, 200, 200]);
    const metrics = await fetch(`${url}/metrics`);
    expect(metrics.headers.get('content-type')).toContain('text/plain');
    expect(await metrics.text()).toContain('kvasir_test_total{service="test_service"} 1');

    readiness = { kind: 'notReady', reason: 'draining' };
    const notReady = await fetch(`${url}/ready`);
    expect(notReady.status).toBe(503);
    expect(await notReady.json()).toEqual({ status: 'not ready', reason: 'draining' });
    expect([await status('/health'), await status('/live'), await status('/nothing')]).toEqual([
      200, 200, 404,
    ]);
  });

  it('is not ready once the service leaves, and ends connections with their answers', async () => {
    const { server, url } = await serve(() => ({ kind: 'ready' }));
    expect((await fetch(`${url}/ready`)).headers.get('connection')).toBe('keep-alive');
    server.leave();
    const ready = await fetch(`${url}/ready`);
    expect([ready.status, ready.headers.get('connection')]).toEqual([503, 'close']);
    expect(await ready.json()).toEqual({ status: 'not ready', reason: 'the service is about to stop' });
    expect((await fetch(`${url}/live`)).status).toBe(200);
  });

  it('says in one sentence that its port is taken', async () => {
    const { server } = await serve(() => ({ kind: 'ready' }));
    const { port } = server.address();
    await expect(serve(() => ({ kind: 'ready' }), port)).rejects.toThrow(
      `Cannot listen on 127.0.0.1:${port}: the port is taken by another process`,
    );
  });

  it('has no address before it has started', () => {
    const server = createAdminServer({
      name: 'admin',
      host: '127.0.0.1',
      port: 0,
      metrics: createMetrics('x'),
      readiness: () => ({ kind: 'ready' }),
    });
    expect(() => server.address()).toThrow(TypeError);
  });
});
