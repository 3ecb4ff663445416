import { namespaceSeed, sequenceHashes } from '@kvasir/block-hash';
import { freePort } from '@kvasir/testkit';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SOON, Fleet, keysOf, PROMPT, PROMPT_KEYS, complete } from './engine-agent-scene.js';

describe('engines and their agent', () => {
  let fleet: Fleet;
  let ports: { http: number; events: number; replay: number };
  const flags = (): string[] => [
    ...['--url', `http://127.0.0.1:${ports.http}`, '--worker-id', 'w1'],
    ...['--kv-events', `tcp://127.0.0.1:${ports.events}`, '--kv-replay', `tcp://127.0.0.1:${ports.replay}`],
  ];

  beforeEach(async () => {
    fleet = new Fleet();
    ports = { http: await freePort(), events: await freePort(), replay: await freePort() };
  });
  afterEach(() => fleet.close());

  it('leaves its engines to the next agent, who tells their caches on as if nothing had been', async () => {
    const engine = await fleet.engine(ports);
    const agent = await fleet.agent(...flags());
    const held = await fleet.follow();
    await complete(engine.url());
    await vi.waitFor(() => expect([...held].sort()).toEqual(PROMPT_KEYS), SOON);
    const [before] = fleet.workers();
    await agent.drain(1_000);
    await agent.close();
    expect(fleet.workers()).toEqual([{ ...before, holder: undefined }]);
    // While nobody listens.
    await complete(engine.url(), {}, { cache_salt: 'tenant' });
    const salted = keysOf(
      sequenceHashes(Uint32Array.from(PROMPT), 16, namespaceSeed({ cacheSalt: 'tenant' })),
    );
    await fleet.agent(...flags());
    expect(fleet.workers()).toMatchObject([{ incarnation: before?.incarnation, isDraining: false }]);
    await vi.waitFor(() => expect([...held].sort()).toEqual([...PROMPT_KEYS, ...salted].sort()), SOON);
    await fetch(`${engine.url()}/reset_prefix_cache`, { method: 'POST' });
    await vi.waitFor(() => expect(held.size).toBe(0), SOON);
  });

  it('takes its engines off the list when it stops and is not to hand them over', async () => {
    await fleet.engine(ports);
    const agent = await fleet.agent(...flags(), '--handover-ms', '0');
    expect(fleet.workers()).toHaveLength(1);
    await agent.drain(1_000);
    await agent.close();
    expect(fleet.workers()).toEqual([]);
  });

  it('keeps the index of an engine that was off the list while its events went on', async () => {
    const engine = await fleet.engine(ports);
    // Nobody can ask it for what was told before.
    await fleet.agent(...flags().slice(0, -2), '--health-timeout-ms', '200');
    const held = await fleet.follow();
    await complete(engine.url());
    await vi.waitFor(() => expect([...held].sort()).toEqual(PROMPT_KEYS), SOON);
    const [before] = fleet.workers();
    const faults = (kind: string): Promise<Response> =>
      fetch(`${engine.url()}/faults`, { method: 'POST', body: JSON.stringify({ kind, durationMs: 7_000 }) });
    await faults('hang');
    await vi.waitFor(() => expect(fleet.workers()).toEqual([]), { timeout: 20_000, interval: 50 });
    await vi.waitFor(() => expect(fleet.workers()).toEqual([before]), { timeout: 20_000, interval: 50 });
    expect([...held].sort()).toEqual(PROMPT_KEYS);
  });

  it('drains an engine for an operator, and undoes it', async () => {
    await fleet.engine(ports);
    const agent = await fleet.agent(...flags());
    const url = agent.metricsUrl().replace('/metrics', '/admin/engines');
    const send = async (method: string, path: string, body?: string): Promise<unknown> => {
      const response = await fetch(`${url}${path}`, { method, ...(body === undefined ? {} : { body }) });
      return await response.json();
    };
    expect(await send('POST', '/w1/drain')).toMatchObject({ workerId: 'w1', isDraining: true });
    expect(fleet.workers()[0]?.isDraining).toBe(true);
    expect(agent.readiness()).toEqual({
      kind: 'notReady',
      reason: 'w1: it is drained: an operator has asked for it',
    });
    expect(await send('POST', '/w1/drain', '{"drain":false}')).toMatchObject({ isDraining: false });
    expect(fleet.workers()[0]?.isDraining).toBe(false);
    await send('POST', '/w1/drain', '{"drain":true}');
    expect(await send('DELETE', '/w1/drain')).toMatchObject({ isDraining: false });
    expect(await send('POST', '/w1/drain', '{"drain":"no"}')).toMatchObject({
      error: 'The body must be empty or {"drain": true or false}',
    });
    expect(await send('POST', '/w2/drain')).toMatchObject({ error: 'No engine "w2" is looked after here' });
    expect(await send('GET', '')).toMatchObject({ engines: [{ workerId: 'w1', downReason: null }] });
  });

  it('follows its engines file, and goes on with the last good one', async () => {
    const other = { http: await freePort(), events: await freePort(), replay: await freePort() };
    await fleet.engine(ports);
    await fleet.engine(other);
    const folder = mkdtempSync(join(tmpdir(), 'kvasir-engines-'));
    const file = join(folder, 'engines.yaml');
    const entry = (id: string, { http, events }: typeof ports, rest = ''): string =>
      `  - {url: 'http://127.0.0.1:${http}', workerId: ${id}, kvEvents: 'tcp://127.0.0.1:${events}'${rest}}\n`;
    writeFileSync(file, `engines:\n${entry('w1', ports)}`);
    const agent = await fleet.agent('--engines-file', file);
    const [first] = fleet.workers();
    writeFileSync(file, `engines:\n${entry('w1', ports, ', taints: [x]')}${entry('w2', other)}`);
    await agent.reload();
    expect(fleet.workers()).toMatchObject([
      { workerId: 'w1', taints: ['x'], incarnation: first?.incarnation },
      { workerId: 'w2' },
    ]);
    writeFileSync(file, 'engines: [{url: 7}]');
    await agent.reload();
    expect(fleet.workers()).toMatchObject([{ isDraining: false }, { isDraining: false }]);
    // Seen without being told.
    writeFileSync(file, `engines:\n${entry('w2', other)}`);
    await vi.waitFor(
      () =>
        expect(fleet.workers()).toMatchObject([{ workerId: 'w1', isDraining: true }, { isDraining: false }]),
      SOON,
    );
    await vi.waitFor(() => expect(fleet.workers()).toMatchObject([{ workerId: 'w2', isDraining: false }]), {
      timeout: 20_000,
      interval: 50,
    });
    rmSync(folder, { recursive: true });
  });

  it('gives its key to an engine that asks for one, below the path of its URL', async () => {
    const seen = new Set<string>();
    const engine = createServer((request, response) => {
      const [, prefix, ...rest] = (request.url ?? '').split('/');
      const path = `/${rest.join('/')}`;
      if (prefix !== 'engines') response.statusCode = 404;
      else if (path !== '/health' && request.headers.authorization !== 'Bearer secret')
        response.statusCode = 401;
      else seen.add(path);
      if (path === '/v1/models') response.end('{"data":[{"id":"m","max_model_len":1000},{"id":"m-latest"}]}');
      else response.end('vllm:cache_config_info{block_size="2",num_gpu_blocks="9"} 1\n');
    });
    await new Promise<void>((resolve) => engine.listen(ports.http, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${ports.http}/engines/`;
    const without = await fleet.agent('--url', url, '--worker-id', 'w1', '--block-size', '2');
    expect(without.readiness()).toMatchObject({
      reason: expect.stringMatching(/^w1: it answers 401: give an API key/),
    });
    await without.close();
    const folder = mkdtempSync(join(tmpdir(), 'kvasir-key-'));
    const file = join(folder, 'key');
    writeFileSync(file, 'secret\n');
    await fleet.agent('--url', url, '--worker-id', 'w1', '--engine-api-key-file', file);
    expect(fleet.workers()).toMatchObject([
      { url: `http://127.0.0.1:${ports.http}/engines`, servedNames: ['m', 'm-latest'], needsApiKey: true },
    ]);
    expect(JSON.stringify(fleet.workers())).not.toContain('secret');
    await vi.waitFor(() => expect([...seen].sort()).toEqual(['/health', '/metrics', '/v1/models']), SOON);
    rmSync(folder, { recursive: true });
    engine.closeAllConnections();
    engine.close();
  });
});
