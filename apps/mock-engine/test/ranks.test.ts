import { decodeEngineBatch, ZmqEventSource } from '@kvasir/engine-events';
import { systemClock } from '@kvasir/service';
import { freePorts } from '@kvasir/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Engines, post } from './running-engine.js';
import type { MockEngine } from '../src/index.js';

const PROMPT = Array.from({ length: 640 }, (_, index) => 20 + ((index * 7) % 900));
const SOON = { timeout: 10_000, interval: 20 };

let engines: Engines;
beforeEach(() => {
  engines = new Engines();
});
afterEach(() => engines.close());

async function ask(
  engine: MockEngine,
  rank: string | null,
  { prompt = PROMPT, outputTokens = 2 }: { prompt?: readonly number[]; outputTokens?: number } = {},
) {
  const headers: Record<string, string> = rank === null ? {} : { 'X-data-parallel-rank': rank };
  const body = { model: 'kvasir-mock', prompt, max_tokens: outputTokens, ignore_eos: true };
  const answer = await post(`${engine.url()}/v1/completions`, body, headers);
  const usage = answer.json['usage'] as { prompt_tokens_details: { cached_tokens: number } } | undefined;
  return { ...answer, cached: usage?.prompt_tokens_details.cached_tokens };
}

describe('an engine with two data-parallel ranks', () => {
  it('keeps what one rank computed on that rank', async () => {
    const engine = await engines.start('--data-parallel-size', '2');
    expect(await ask(engine, '1')).toMatchObject({ status: 200, cached: 0 });
    expect(await ask(engine, '0')).toMatchObject({ status: 200, cached: 0 });
    expect(await ask(engine, '1')).toMatchObject({ status: 200, cached: 576 });
  });

  it('refuses ranks that it has not', async () => {
    const engine = await engines.start('--data-parallel-size', '2');
    expect(await ask(engine, '2')).toMatchObject({ status: 400 });
    expect((await ask(engine, '2')).text).toContain('data_parallel_rank 2 is out of range [0, 2)');
    expect((await ask(engine, 'first')).text).toContain('must be an integer');
  });

  it('tells of both in its record and its metrics, and spreads requests that name none', async () => {
    const engine = await engines.start('--data-parallel-size', '2');
    expect(engines.view('kvasir.aggregated.generate').workers).toMatchObject([
      { rankStart: 0, rankCount: 2 },
    ]);
    const running = Array.from({ length: 4 }, (_, index) =>
      ask(engine, null, { prompt: PROMPT.map((token) => token + index), outputTokens: 8_000 }),
    );
    await vi.waitFor(async () => {
      const text = await (await fetch(`${engine.url()}/metrics`)).text();
      const of = (rank: number): number =>
        ['running', 'waiting']
          .map(
            (state) =>
              new RegExp(`vllm:num_requests_${state}\\{[^}]*engine="${rank}"[^}]*\\} (\\d+)`).exec(text)?.[1],
          )
          .reduce((sum, value) => sum + Number(value), 0);
      expect([of(0), of(1)]).toEqual([2, 2]);
      expect(text).toMatch(/vllm:cache_config_info\{[^}]*engine="1"/);
    }, SOON);
    await Promise.all(running);
  });

  it('publishes each rank on a port of its own', async () => {
    const port = await freePorts(2);
    const engine = await engines.start(
      ...['--data-parallel-size', '2', '--kv-events-endpoint', `tcp://127.0.0.1:${port}`],
    );
    const seen: { rank: number | null; kinds: string[] }[][] = [[], []];
    const sources = [0, 1].map((rank) => {
      const source = new ZmqEventSource({
        endpoint: `tcp://127.0.0.1:${port + rank}`,
        replayEndpoint: null,
        topic: '',
        clock: systemClock,
        listener: {
          message: (payload) => {
            const batch = decodeEngineBatch(payload);
            if (typeof batch !== 'string')
              seen[rank]?.push({ rank: batch.rank, kinds: batch.events.map(({ kind }) => kind) });
          },
          began: () => undefined,
        },
      });
      source.start();
      return source;
    });
    let turn = 0;
    await vi.waitFor(async () => {
      turn += 1;
      await ask(engine, '1', { prompt: PROMPT.map((token) => token + turn) });
      expect(seen[1]?.length).toBeGreaterThan(0);
    }, SOON);
    expect(seen[1]?.[0]).toMatchObject({ rank: 1 });
    expect(seen[0]).toEqual([]);
    for (const source of sources) source.close();
  });
});
