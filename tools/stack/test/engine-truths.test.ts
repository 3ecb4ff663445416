import { sequenceHashes } from '@kvasir/block-hash';
import { parseEndpointName } from '@kvasir/contract';
import { create, engineAgentConfig, engineAgentOptions } from '@kvasir/engine-agent';
import type { EngineAgent } from '@kvasir/engine-agent';
import { ZmqEventPublisher } from '@kvasir/engine-events';
import { InProcessEventPlane, KvEventSubscriber } from '@kvasir/event-plane';
import { InProcessRegistry } from '@kvasir/registry';
import { createLogger, readOptions, systemClock } from '@kvasir/service';
import { freePort } from '@kvasir/testkit';
import { seededPrng } from '@kvasir/units';
import { Encoder } from '@msgpack/msgpack';
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const BLOCK = 16;
const BLOCKS_TOTAL = 40;
const SOON = { timeout: 5_000, interval: 20 };
const ENDPOINT = parseEndpointName('kvasir.aggregated.generate');
if (ENDPOINT === null) throw new TypeError('Cannot test: no endpoint');
const endpoint = ENDPOINT;
const encoder = new Encoder({ useBigInt64: true });
const GROUP = { group_idx: 0, kv_cache_spec_kind: 'full_attention' };

const tokens = (seed: number, blocks: number): number[] =>
  Array.from({ length: blocks * BLOCK }, (_, index) => (seed * 7_919 + index * 31) % 30_000);
const keys = (prompt: readonly number[]): string[] => keysOf(sequenceHashes(Uint32Array.from(prompt), BLOCK));
const keysOf = (words: Uint32Array): string[] =>
  Array.from({ length: words.length / 2 }, (_, block) => `${words[2 * block]}:${words[2 * block + 1]}`);
const stored = (hashes: readonly number[], prompt: readonly number[], fields: object = GROUP): object => ({
  ...{ type: 'BlockStored', block_hashes: hashes, parent_block_hash: null, token_ids: prompt },
  ...{ block_size: BLOCK, lora_id: null, medium: 'GPU', lora_name: null },
  ...fields,
});
const removed = (hashes: readonly number[], fields: object = {}): object => ({
  ...{ type: 'BlockRemoved', block_hashes: hashes, medium: 'GPU', group_idx: 0 },
  ...fields,
});

/** An agent beside an engine that says anything, and what a router holds of it. */
class Scene {
  readonly held = new Set<string>();
  readonly #publisher: ZmqEventPublisher;
  readonly #agent: EngineAgent;
  readonly #closers: (() => unknown)[];
  #marks = 0;

  private constructor(publisher: ZmqEventPublisher, agent: EngineAgent, closers: (() => unknown)[]) {
    this.#publisher = publisher;
    this.#agent = agent;
    this.#closers = closers;
  }

  static async open(...flags: readonly string[]): Promise<Scene> {
    const http = createServer((request, response) => {
      if (request.url === '/v1/models')
        response.end(JSON.stringify({ data: [{ id: 'm', max_model_len: 4_096, parent: null }] }));
      else response.end(`vllm:cache_config_info{block_size="${BLOCK}",num_gpu_blocks="${BLOCKS_TOTAL}"} 1\n`);
    });
    const httpPort = await freePort();
    await new Promise<void>((resolve) => void http.listen(httpPort, '127.0.0.1', resolve));
    const any = 'tcp://127.0.0.1:*';
    const publisher = new ZmqEventPublisher({ endpoint: any, replayEndpoint: any, topic: '' });
    await publisher.start();
    const sockets = publisher.endpoints();
    const reading = readOptions(engineAgentOptions, {
      argv: [
        ...[
          '--admin-port',
          '0',
          '--probe-ms',
          '50',
          '--url',
          `http://127.0.0.1:${httpPort}`,
          '--worker-id',
          'w1',
        ],
        ...['--kv-events', sockets.endpoint, '--kv-replay', sockets.replayEndpoint ?? '', ...flags],
      ],
      env: {},
    });
    if (reading.kind !== 'ok') throw new Error(`Cannot test: the flags are ${reading.kind}`);
    const registry = new InProcessRegistry({ clock: systemClock });
    const plane = new InProcessEventPlane({ clock: systemClock });
    const prng = seededPrng(5);
    const parts = { clock: systemClock, epochMs: Date.now, prng };
    const logger = createLogger({ name: 'test', level: 'silent' });
    const agent = create(engineAgentConfig(reading.values), {
      registry,
      eventPlane: plane,
      logger,
      ...parts,
    });
    await agent.start(new AbortController().signal);
    const scene = new Scene(publisher, agent, [
      () => agent.close(),
      () => publisher.close(),
      () => void http.close(),
      () => http.closeAllConnections(),
    ]);
    const { held } = scene;
    const subscriber = new KvEventSubscriber({
      ...{ plane, clock: systemClock, prng, endpoint },
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
        snapshotChain: (_source, { hashes }) => keysOf(hashes).forEach((key) => held.add(key)),
      },
    });
    await subscriber.start();
    const watch = registry.watch(endpoint, ({ workers }) =>
      workers.forEach((worker) => subscriber.follow(worker)),
    );
    scene.#closers.unshift(
      () => subscriber.close(),
      () => watch.close(),
    );
    return scene;
  }

  /** The engine says something, in one message. */
  say(...events: readonly object[]): void {
    this.#publisher.publish(Buffer.from(encoder.encode([Date.now() / 1_000, events, 0])));
  }

  sayBytes(hex: string): void {
    this.#publisher.publish(Buffer.from(hex, 'hex'));
  }

  /** Blocks of a prompt that a router holds, once the engine's last word has arrived. */
  async overlap(prompt: readonly number[], fields: object = GROUP): Promise<number> {
    this.#marks += 1;
    const mark = tokens(10_000 + this.#marks, 1);
    this.say(stored([900], mark, fields));
    await vi.waitFor(() => expect(this.held.has(keys(mark)[0] ?? '')).toBe(true), SOON);
    this.say(removed([900], { group_idx: null, remaining_copy_counts: [0] }));
    return keys(prompt).filter((key) => this.held.has(key)).length;
  }

  async metrics(): Promise<string> {
    const response = await fetch(this.#agent.metricsUrl());
    return response.text();
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close();
  }
}

describe('what an engine tells', () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await Scene.open();
  });
  afterEach(() => scene.close());

  it('trap: blocks that it tells of again on cache hits are gone after the one removal', async () => {
    const plain = tokens(1, 2);
    for (let time = 0; time < 4; time += 1) scene.say(stored([101, 102], plain));
    expect(await scene.overlap(plain)).toBe(2);
    scene.say(removed([101, 102]));
    expect(await scene.overlap(plain)).toBe(0);
    const named = tokens(2, 2);
    scene.say(stored([201, 202], named, { ...GROUP, origin: 'NEW' }));
    scene.say(stored([201, 202], named, { ...GROUP, origin: 'REUSED' }));
    scene.say(removed([201, 202]));
    expect(await scene.overlap(named)).toBe(0);
    const counted = tokens(3, 2);
    scene.say(stored([301, 302], counted), stored([301, 302], counted));
    scene.say(removed([301, 302], { remaining_copy_counts: [1, 0] }));
    expect(await scene.overlap(counted)).toBe(1);
  });

  it('trap: two copies of an older release are two copies', async () => {
    const prompt = tokens(4, 2);
    const array = ['BlockStored', [401, 402], null, prompt, BLOCK, null, 'GPU', null];
    scene.say(array, array);
    scene.say(['BlockRemoved', [401, 402], 'GPU']);
    expect(await scene.overlap(prompt, {})).toBe(2);
    scene.say(['BlockRemoved', [401, 402], 'GPU']);
    expect(await scene.overlap(prompt, {})).toBe(0);
  });

  it('trap: neither the first group nor a spelling decides for ever', async () => {
    scene.say(stored([1, 2], tokens(7, 2), {}));
    const prompt = tokens(6, 2);
    scene.say(stored([3, 4], prompt));
    expect(await scene.overlap(prompt)).toBe(2);
    scene.say({ type: 'AllBlocksCleared' });
    const lower = tokens(8, 2);
    scene.say(stored([5, 6], lower, { ...GROUP, medium: 'gpu' }));
    expect(await scene.overlap(lower)).toBe(2);
  });

  it('trap: a message that claims gigabytes costs itself only', async () => {
    const prompt = tokens(9, 2);
    scene.say(stored([7, 8], prompt));
    scene.sayBytes(`93cb${'00'.repeat(8)}${'dd01ffffff'.repeat(28)}`);
    scene.sayBytes('91'.repeat(100_000));
    scene.sayBytes('');
    expect(await scene.overlap(prompt)).toBe(2);
    const metrics = await scene.metrics();
    expect(metrics).toMatch(/kvasir_agent_dropped_events_total\{worker_id="w1",reason="badBatch"[^}]*\} 2/);
    expect(metrics).toMatch(/kvasir_agent_dropped_events_total\{worker_id="w1",reason="overLimits"[^}]*\} 1/);
  });

  it('reads everything anew when its copies are more than it has', async () => {
    const prompt = tokens(10, 2);
    const tail = stored([10], prompt.slice(BLOCK), { ...GROUP, parent_block_hash: 9 });
    scene.say(stored([9], prompt.slice(0, BLOCK)), tail, tail, removed([10]), removed([10]));
    for (let time = 0; time <= BLOCKS_TOTAL; time += 1) scene.say(tail);
    await vi.waitFor(async () => {
      expect(await scene.metrics()).toMatch(/event_breaks_total\{worker_id="w1",reason="overfull"[^}]*\} 1/);
    }, SOON);
    expect(await scene.overlap(prompt)).toBe(2);
    scene.say(removed([10]));
    expect(await scene.overlap(prompt)).toBe(1);
  });
});

describe('--kv-copies', () => {
  it('goes before what the events show', async () => {
    const scene = await Scene.open('--kv-copies', 'counted');
    try {
      const prompt = tokens(1, 2);
      scene.say(stored([101, 102], prompt), stored([101, 102], prompt));
      scene.say(removed([101, 102]));
      expect(await scene.overlap(prompt)).toBe(2);
    } finally {
      await scene.close();
    }
  });
});
