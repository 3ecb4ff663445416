import { randomUUID } from 'node:crypto';
import { subjects } from '@kvasir/contract';
import type { EndpointName, WorkerRecord } from '@kvasir/contract';
import { connectNatsEventPlane, KvEventPublisher } from '@kvasir/event-plane';
import type { NatsEventPlane } from '@kvasir/event-plane';
import { blockWords, RandomEngine } from '@kvasir/event-plane/testing';
import { connectRedisSnapshotStore } from '@kvasir/index-snapshot';
import type { SnapshotStore } from '@kvasir/index-snapshot';
import { InProcessRegistry } from '@kvasir/registry';
import { SCHEDULER_OPTIONS_DEFAULT } from '@kvasir/scheduler';
import { createLogger, createMetrics, systemClock } from '@kvasir/service';
import type { Metrics } from '@kvasir/service';
import { startNatsServer, startRedisServer } from '@kvasir/testkit';
import type { ServerProcess } from '@kvasir/testkit';
import { incarnation, routerId, seededPrng, workerId } from '@kvasir/units';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { KvRouter } from '../src/index.js';
import type { DurableParts } from '../src/index.js';

const RANKS = 2;
const SOON = { timeout: 20_000, interval: 20 };

let nats: ServerProcess;
let redis: ServerProcess;
let admin: Redis;
beforeAll(async () => {
  nats = await startNatsServer();
  redis = await startRedisServer();
  admin = new Redis(redis.port, '127.0.0.1');
});
afterAll(async () => {
  admin.disconnect();
  await nats.stop();
  await redis.stop();
});

let count = 0;
let endpoint: EndpointName;
let registry: InProcessRegistry;
let plane: NatsEventPlane;
let publisher: KvEventPublisher;
let engine: RandomEngine;
const routers: KvRouter[] = [];

function worker(fields: Partial<WorkerRecord> = {}): WorkerRecord {
  return {
    workerId: workerId('w'),
    incarnation: incarnation('0001'),
    endpoint,
    url: 'http://w',
    dialect: 'vllm',
    role: 'prefill',
    model: 'm',
    contextTokensMax: 1_000,
    tokenizerPath: null,
    blockSize: 16,
    rankStart: 0,
    rankCount: RANKS,
    kvBlocksTotal: 100,
    batchedTokensMax: 8_192,
    publishesKvEvents: true,
    isDraining: false,
    taints: [],
    loraNames: null,
    ...fields,
  };
}

beforeEach(async () => {
  count += 1;
  endpoint = { namespace: `test-${count}`, component: 'prefill', endpoint: 'generate' };
  registry = new InProcessRegistry({ clock: systemClock });
  plane = await connect();
  await registry.registerWorker(worker(), 60_000);
  publisher = new KvEventPublisher({ plane, clock: systemClock, ...worker() });
  engine = new RandomEngine(publisher, RANKS, seededPrng(count));
  // So that the log is there before the first event.
  await plane.openLog(subjects.kvEventLog(endpoint), subjects.kvEventsOfAll(endpoint));
  await publisher.start();
});

afterEach(async () => {
  for (const router of routers.splice(0)) await router.close();
  await publisher.close();
  await registry.close();
  await plane.close();
});

const openStore = (): Promise<SnapshotStore> =>
  connectRedisSnapshotStore(
    { urls: [`redis://127.0.0.1:${redis.port}`], kind: 'server' },
    { newId: randomUUID },
  );

const connect = (): Promise<NatsEventPlane> =>
  connectNatsEventPlane({ urls: [`nats://127.0.0.1:${nats.port}`], name: 'test', clock: systemClock });

async function start(durable: Partial<DurableParts> = {}): Promise<{ router: KvRouter; metrics: Metrics }> {
  const metrics = createMetrics('test');
  const log = await plane.openLog(subjects.kvEventLog(endpoint), subjects.kvEventsOfAll(endpoint));
  const router = new KvRouter({
    endpoint,
    routerId: routerId(`r-${routers.length}`),
    blockSize: null,
    scheduler: SCHEDULER_OPTIONS_DEFAULT,
    openDurable: async () => ({
      log,
      snapshots: await openStore(),
      snapshotThresholdMessages: 1_000_000,
      resetsStates: false,
      ...durable,
    }),
    registry,
    eventPlane: plane,
    clock: systemClock,
    prng: Math.random,
    logger: createLogger({ name: 'test', level: 'silent' }),
    metrics,
  });
  routers.push(router);
  await router.start();
  return { router, metrics };
}

async function stop(router: KvRouter): Promise<void> {
  routers.splice(routers.indexOf(router), 1);
  await router.close();
}

/** Blocks of one rank as `lo.hi`, sorted. */
function indexed(router: KvRouter, rank: number): string[] {
  const chains = [...router.dumpEvents()].filter((chain) => chain.rank === rank);
  return chains.flatMap(({ hashes }) => names(hashes)).sort();
}

function names(words: Uint32Array): string[] {
  return Array.from({ length: words.length / 2 }, (_, at) => `${words[at * 2]}.${words[at * 2 + 1]}`);
}

async function equalsEngine(router: KvRouter): Promise<void> {
  await vi.waitFor(() => {
    for (let rank = 0; rank < RANKS; rank += 1)
      expect(indexed(router, rank)).toEqual(names(blockWords(engine.held(rank))).sort());
  }, SOON);
}

async function act(times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    engine.act();
    publisher.flush();
    if (time % 50 === 49) await plane.flush();
  }
  await plane.flush();
}

async function snapshotCount(metrics: Metrics, outcome: string): Promise<number> {
  const line = new RegExp(`kvasir_router_snapshots\\{outcome="${outcome}",service="test"\\} (\\d+)`);
  return Number(line.exec(await metrics.render())?.[1] ?? 0);
}

describe('a router with --durable-kv-events', () => {
  it('is warm from snapshot and log when no agent answers', async () => {
    const before = await start({ snapshotThresholdMessages: 50 });
    await act(300);
    await equalsEngine(before.router);
    await vi.waitFor(
      async () => expect(await snapshotCount(before.metrics, 'written')).toBeGreaterThan(0),
      SOON,
    );
    await stop(before.router);
    await act(60);
    // From here on nobody answers for missing batches.
    await publisher.close();
    const after = await start();
    await vi.waitFor(() => expect(after.router.notReadyReason()).toBeNull(), SOON);
    await equalsEngine(after.router);
    expect(await snapshotCount(after.metrics, 'loaded_set')).toBe(RANKS);
  });

  it('trims the log to the snapshot and goes on with it', async () => {
    const { router, metrics } = await start({ snapshotThresholdMessages: 50 });
    await act(200);
    await vi.waitFor(async () => expect(await snapshotCount(metrics, 'written')).toBe(1), SOON);
    await vi.waitFor(
      async () => expect(await metrics.render()).toMatch(/event_log_messages\{[^}]*\} [0-4]?\d\n/),
      SOON,
    );
    await act(20);
    await equalsEngine(router);
  });

  it('writes whole snapshots while events keep coming', async () => {
    const busy = await start({ snapshotThresholdMessages: 20 });
    const acting = (async () => {
      for (let round = 0; round < 60; round += 1) {
        await act(20);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    await vi.waitFor(
      async () => expect(await snapshotCount(busy.metrics, 'written')).toBeGreaterThan(1),
      SOON,
    );
    await acting;
    await stop(busy.router);
    await publisher.close();
    const after = await start();
    await equalsEngine(after.router);
  });

  it('refuses a torn snapshot and gets the sets from the agents', async () => {
    const before = await start({ snapshotThresholdMessages: 20 });
    await act(100);
    await vi.waitFor(async () => expect(await snapshotCount(before.metrics, 'written')).toBe(1), SOON);
    await stop(before.router);
    const [chunk = ''] = await admin.keys(`kvasir:v1:${endpoint.namespace}:*:snapshot:*`);
    await admin.setrange(chunk, 12, 'torn');
    const after = await start();
    await equalsEngine(after.router);
    expect(await snapshotCount(after.metrics, 'refused')).toBe(1);
    expect(await snapshotCount(after.metrics, 'loaded_set')).toBe(0);
  });

  it('does not believe a snapshot in blocks of another size, or of another life of the worker', async () => {
    const before = await start({ snapshotThresholdMessages: 20 });
    await act(100);
    await vi.waitFor(async () => expect(await snapshotCount(before.metrics, 'written')).toBe(1), SOON);
    await stop(before.router);
    await registry.close();
    await publisher.close();
    registry = new InProcessRegistry({ clock: systemClock });
    const next = worker({ incarnation: incarnation('0002'), blockSize: 32 });
    await registry.registerWorker(next, 60_000);
    publisher = new KvEventPublisher({ plane, clock: systemClock, ...next });
    engine = new RandomEngine(publisher, RANKS, seededPrng(99));
    await publisher.start();
    await act(30);
    const after = await start();
    await equalsEngine(after.router);
    expect(await snapshotCount(after.metrics, 'refused')).toBe(1);
  });

  it('begins with nothing when states are reset', async () => {
    const before = await start({ snapshotThresholdMessages: 20 });
    await act(100);
    await vi.waitFor(async () => expect(await snapshotCount(before.metrics, 'written')).toBe(1), SOON);
    await stop(before.router);
    const after = await start({ resetsStates: true });
    expect(await admin.keys(`kvasir:v1:${endpoint.namespace}:*:snapshot*`)).toEqual([]);
    await equalsEngine(after.router);
    expect(await snapshotCount(after.metrics, 'loaded_set')).toBe(0);
  });

  it('serves without Redis, and writes a snapshot when it is back', async () => {
    const { router, metrics } = await start({ snapshotThresholdMessages: 20 });
    redis.pause();
    try {
      await act(100);
      await equalsEngine(router);
      await vi.waitFor(async () => expect(await snapshotCount(metrics, 'failed')).toBeGreaterThan(0), SOON);
    } finally {
      redis.resume();
    }
    await vi.waitFor(async () => expect(await snapshotCount(metrics, 'written')).toBeGreaterThan(0), SOON);
  });
});
