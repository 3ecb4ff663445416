import { sequenceHashes } from '@kvasir/block-hash';
import { parseEndpointName } from '@kvasir/contract';
import type { WorkerRecord } from '@kvasir/contract';
import { InProcessEventPlane, KvEventSubscriber } from '@kvasir/event-plane';
import { create as createMockEngine, mockEngineConfig, mockEngineOptions } from '@kvasir/mock-engine';
import type { MockEngine } from '@kvasir/mock-engine';
import { InProcessRegistry } from '@kvasir/registry';
import { createLogger, readOptions, systemClock } from '@kvasir/service';
import { seededPrng } from '@kvasir/units';
import { expect } from 'vitest';
import { create, engineAgentConfig, engineAgentOptions } from '@kvasir/engine-agent';
import type { EngineAgent } from '@kvasir/engine-agent';

const logger = createLogger({ name: 'test', level: 'silent' });
export const SOON = { timeout: 5_000, interval: 20 };
const ENDPOINT = parseEndpointName('kvasir.aggregated.generate');
if (ENDPOINT === null) throw new TypeError('Cannot test: no endpoint');
export const endpoint = ENDPOINT;

/** Agents and engines with sockets of their own, and a registry and event plane between agents and what would be routers. */
export class Fleet {
  readonly registry = new InProcessRegistry({ clock: systemClock });
  readonly plane = new InProcessEventPlane({ clock: systemClock });
  readonly #prng = seededPrng(5);
  readonly #closers: (() => Promise<unknown>)[] = [];

  async engine(
    ports: { http: number; events: number; replay: number },
    ...argv: string[]
  ): Promise<MockEngine> {
    const reading = readOptions(mockEngineOptions, {
      argv: [
        ...['--http-port', String(ports.http), '--speedup', '50', '--block-size', '16', '--no-register'],
        ...['--kv-events-endpoint', `tcp://127.0.0.1:${ports.events}`],
        ...['--kv-events-replay-endpoint', `tcp://127.0.0.1:${ports.replay}`],
        ...argv,
      ],
      env: {},
    });
    if (reading.kind !== 'ok') throw new Error(`Cannot test: the flags are ${reading.kind}`);
    const engine = createMockEngine(mockEngineConfig(reading.values), {
      planes: null,
      clock: systemClock,
      epochMs: Date.now,
      logger,
      prng: this.#prng,
    });
    await engine.start(new AbortController().signal);
    this.#closers.push(() => engine.close());
    return engine;
  }

  async agent(...argv: string[]): Promise<EngineAgent> {
    const reading = readOptions(engineAgentOptions, {
      argv: ['--admin-port', '0', '--probe-ms', '50', '--probe-failures-max', '2', ...argv],
      env: {},
    });
    if (reading.kind !== 'ok') throw new Error(`Cannot test: the flags are ${reading.kind}`);
    const agent = create(engineAgentConfig(reading.values), {
      registry: this.registry,
      eventPlane: this.plane,
      clock: systemClock,
      epochMs: Date.now,
      logger,
      prng: this.#prng,
    });
    await agent.start(new AbortController().signal);
    this.#closers.push(() => agent.close());
    return agent;
  }

  workers(): readonly WorkerRecord[] {
    const watch = this.registry.watch(endpoint, () => undefined);
    const { workers } = watch.view();
    watch.close();
    return workers;
  }

  /** What a router would hold of every worker. */
  async follow(): Promise<ReadonlySet<string>> {
    const held = new Set<string>();
    const subscriber = new KvEventSubscriber({
      plane: this.plane,
      clock: systemClock,
      prng: this.#prng,
      endpoint,
      sink: {
        batch({ events }) {
          for (const event of events) {
            if (event.kind === 'cleared') held.clear();
            else if (event.kind === 'removed') for (const key of keysOf(event.hashes)) held.delete(key);
            else for (const key of keysOf(event.hashes)) held.add(key);
          }
          return 'applied';
        },
        reset: () => held.clear(),
        snapshotChain: (_source, { hashes }) => {
          for (const key of keysOf(hashes)) held.add(key);
        },
      },
    });
    await subscriber.start();
    const watch = this.registry.watch(endpoint, ({ workers }) => {
      for (const worker of workers) subscriber.follow(worker);
    });
    this.#closers.push(async () => {
      watch.close();
      await subscriber.close();
    });
    return held;
  }

  /** Blocks stored by each rank, less those removed. */
  async followRanks(): Promise<ReadonlyMap<number, number>> {
    const counts = new Map<number, number>();
    const add = (rank: number, blocks: number): void =>
      void counts.set(rank, (counts.get(rank) ?? 0) + blocks);
    const subscriber = new KvEventSubscriber({
      ...{ plane: this.plane, clock: systemClock, prng: this.#prng, endpoint },
      sink: {
        batch({ rank, events }) {
          for (const event of events) {
            if (event.kind === 'cleared') counts.set(rank, 0);
            else add(rank, ((event.kind === 'stored' ? 1 : -1) * event.hashes.length) / 2);
          }
          return 'applied';
        },
        reset: ({ rank }) => void counts.set(rank, 0),
        snapshotChain: ({ rank }, { hashes }) => add(rank, hashes.length / 2),
      },
    });
    await subscriber.start();
    for (const worker of this.workers()) subscriber.follow(worker);
    this.#closers.push(() => subscriber.close());
    return counts;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
    await this.registry.close();
    await this.plane.close();
  }
}

export const keysOf = (words: Uint32Array): string[] =>
  Array.from({ length: words.length / 2 }, (_, block) => `${words[2 * block]}:${words[2 * block + 1]}`);
export const PROMPT = Array.from({ length: 96 }, (_, index) => (index * 7) % 1_000);
export const PROMPT_KEYS = keysOf(sequenceHashes(Uint32Array.from(PROMPT), 16)).sort();

export async function complete(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  fields: object = {},
): Promise<void> {
  const response = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'kvasir-mock', prompt: PROMPT, max_tokens: 1, ...fields }),
  });
  expect(response.status).toBe(200);
  await response.text();
}
