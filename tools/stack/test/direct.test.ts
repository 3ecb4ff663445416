import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mockTokenizerPath } from '@kvasir/text';
import { freePort } from '@kvasir/testkit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ServiceProcess } from '../src/service-process.js';
import { metricSum } from './start-stack.js';

const SOON = { timeout: 30_000, interval: 100 };

describe('a frontend with --kv-events-direct', () => {
  const processes: ServiceProcess[] = [];
  const said: string[] = [];
  let url = '';

  const launch = (name: string, main: string, args: readonly string[]): ServiceProcess => {
    const started = new ServiceProcess(
      name,
      { main, args },
      {
        tell: (line) => void said.push(`[${name}] ${line}`),
        spawned: () => undefined,
      },
    );
    processes.push(started);
    return started;
  };

  beforeAll(async () => {
    const engines = [];
    for (const name of ['one', 'two']) {
      const [http, events, replay] = [await freePort(), await freePort(), await freePort()];
      launch(name, '@kvasir/mock-engine/main', [
        ...['--http-port', String(http), '--no-register', '--role', 'both', '--speedup', '20'],
        ...['--kv-events-endpoint', `tcp://127.0.0.1:${events}`],
        ...['--kv-events-replay-endpoint', `tcp://127.0.0.1:${replay}`, '--log-level', 'warn'],
      ]);
      engines.push({
        url: `http://127.0.0.1:${http}`,
        workerId: name,
        role: 'both',
        kvEvents: `tcp://127.0.0.1:${events}`,
        kvReplay: `tcp://127.0.0.1:${replay}`,
        tokenizerPath: mockTokenizerPath,
      });
    }
    const file = join(mkdtempSync(join(tmpdir(), 'kvasir-direct-')), 'engines.yaml');
    writeFileSync(file, JSON.stringify({ engines }));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    launch('frontend', '@kvasir/frontend/main', [
      ...['--http-port', String(port), '--kv-events-direct', file, '--log-level', 'warn'],
    ]);
    await vi.waitFor(async () => expect((await fetch(`${url}/ready`)).status).toBe(200), SOON);
  }, 60_000);
  afterAll(async () => {
    for (const service of processes.toReversed()) await service.stop();
  }, 60_000);

  async function ask(prompt: readonly number[]): Promise<{ cached: number; worker: string | null }> {
    const response = await fetch(`${url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'kvasir-mock', prompt, max_tokens: 2 }),
    });
    const body = (await response.json()) as {
      usage?: { prompt_tokens_details?: { cached_tokens?: number } };
    };
    expect(response.status, said.join('\n')).toBe(200);
    return {
      cached: body.usage?.prompt_tokens_details?.cached_tokens ?? 0,
      worker: response.headers.get('x-kvasir-worker'),
    };
  }

  it('routes by what the engines hold, without agent, NATS and Redis', async () => {
    await vi.waitFor(
      async () => expect(await metricSum(`${url}/metrics`, 'kvasir_agent_engine_up')).toBe(2),
      SOON,
    );
    const prompts = [11, 13, 17, 19].map((step) =>
      Array.from({ length: 640 }, (_, at) => 20 + ((at * step) % 997)),
    );
    for (const prompt of prompts) await ask(prompt);
    // All but the last block of each prompt is held by somebody; the index knows by whom.
    await vi.waitFor(
      async () =>
        expect(await metricSum(`${url}/metrics`, 'kvasir_router_held_blocks')).toBeGreaterThanOrEqual(36),
      SOON,
    );
    for (const prompt of prompts) expect((await ask(prompt)).cached).toBeGreaterThanOrEqual(512);
  });

  it('refuses what needs the servers that are not there', async () => {
    const child = launch('wrong', '@kvasir/frontend/main', [
      ...['--kv-events-direct', 'engines.yaml', '--durable-kv-events', '--router-replica-sync'],
    ]);
    await vi.waitFor(() => expect(child.endedWith).toBe('64'), SOON);
    const text = said.filter((line) => line.startsWith('[wrong]')).join('\n');
    expect(text).toContain('--durable-kv-events needs NATS and cannot be given with --kv-events-direct');
    expect(text).toContain('--router-replica-sync needs NATS and cannot be given with --kv-events-direct');
  });
});
