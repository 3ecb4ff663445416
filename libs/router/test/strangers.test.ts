/** A router on real NATS and Redis, and a stranger on both: it chooses all the while, by finite loads and an exact index of whoever is not attacked. */
import { sequenceHashes } from '@kvasir/block-hash';
import {
  encodeEngineLoad,
  encodeKvAnnouncement,
  encodeKvEventBatch,
  encodePeerLoads,
  keys,
  subjects,
  WireHeader,
} from '@kvasir/contract';
import type { WorkerRecord } from '@kvasir/contract';
import { connectNatsEventPlane, KvEventPublisher } from '@kvasir/event-plane';
import { connectRedisRegistry } from '@kvasir/registry';
import { SCHEDULER_OPTIONS_DEFAULT } from '@kvasir/scheduler';
import { createLogger, createMetrics, systemClock } from '@kvasir/service';
import { startNatsServer, startRedisServer } from '@kvasir/testkit';
import type { ServerProcess } from '@kvasir/testkit';
import { incarnation, routerId, seededPrng, workerId } from '@kvasir/units';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { KvRouter } from '../src/index.js';

const endpoint = { namespace: 'strangers', component: 'decode', endpoint: 'generate' };
const BLOCK_SIZE = 16;
const PROMPT = Uint32Array.from({ length: 64 * BLOCK_SIZE }, (_, index) => index);
const SOON = { timeout: 30_000, interval: 50 };
/** 10,000 a second for some seconds. */
const [ROUNDS, PER_ROUND] = [80, 500];

const record = (name: string): WorkerRecord => ({
  workerId: workerId(name),
  incarnation: incarnation('0193c1d2e3f4-9a8b7c6d'),
  endpoint,
  url: `http://${name}`,
  dialect: 'vllm',
  role: 'both',
  model: 'm',
  contextTokensMax: 100_000,
  tokenizerPath: null,
  blockSize: BLOCK_SIZE,
  rankStart: 0,
  rankCount: 1,
  kvBlocksTotal: 1_000,
  batchedTokensMax: 8_192,
  publishesKvEvents: true,
  isDraining: false,
  taints: [],
  loraNames: null,
});

let nats: ServerProcess;
let redis: ServerProcess;
beforeAll(async () => {
  [nats, redis] = [await startNatsServer(), await startRedisServer()];
});
afterAll(async () => {
  await nats.stop();
  await redis.stop();
});

it('a flood of everything that can be forged', { timeout: 180_000 }, async () => {
  const connect = () =>
    connectNatsEventPlane({ urls: [`nats://127.0.0.1:${nats.port}`], name: 'test', clock: systemClock });
  const registryOf = () =>
    connectRedisRegistry(
      { urls: [`redis://127.0.0.1:${redis.port}`], kind: 'server' },
      { clock: systemClock, limits: { relistMs: 100 } },
    );
  const [agentPlane, routerPlane, stranger] = [await connect(), await connect(), await connect()];
  const [agentRegistry, routerRegistry] = [await registryOf(), await registryOf()];
  const admin = new Redis(redis.port, '127.0.0.1');
  const [victim, bystander] = [record('victim'), record('bystander')];
  const publishers = [victim, bystander].map(
    (worker) => new KvEventPublisher({ plane: agentPlane, clock: systemClock, ...worker }),
  );
  for (const publisher of publishers) await publisher.start();
  for (const worker of [victim, bystander])
    expect(await agentRegistry.registerWorker(worker, 10_000)).toMatchObject({ kind: 'registered' });
  for (const publisher of publishers)
    publisher.publishStored(0, null, sequenceHashes(PROMPT, BLOCK_SIZE).slice(0, 2 * 40));
  const router = new KvRouter({
    ...{ endpoint, routerId: routerId('me'), blockSize: null, scheduler: SCHEDULER_OPTIONS_DEFAULT },
    ...{ registry: routerRegistry, eventPlane: routerPlane, clock: systemClock, prng: seededPrng(1) },
    ...{ logger: createLogger({ name: 'test', level: 'silent' }), metrics: createMetrics('test') },
    syncsReplicas: true,
  });
  await router.start();
  const overlaps = (): (number | undefined)[] => {
    const scores = router.overlapScores({ tokens: PROMPT });
    return [victim, bystander].map(
      ({ workerId: id }) => scores.find((score) => score.workerId === id)?.overlapBlocks,
    );
  };
  await vi.waitFor(() => expect(overlaps()).toEqual([40, 40]), SOON);

  const activeRequests = (): number =>
    router.potentialLoads({ tokens: PROMPT }).reduce((sum, load) => sum + load.activeRequests, 0);
  const prng = seededPrng(3);
  const header = new WireHeader({ ...victim, rank: 0 });
  const forge = (number: number): readonly [string, Uint8Array] => {
    const of = Math.floor(prng() * 6);
    const batchNumber = 1 + Math.floor(prng() * (prng() < 0.5 ? 100 : Number.MAX_SAFE_INTEGER - 2));
    if (of === 0)
      return [subjects.kvEvents(endpoint, victim.workerId, 0), encodeKvAnnouncement(header, batchNumber)];
    if (of === 1) {
      const events = [{ kind: 'cleared' as const }];
      return [
        subjects.kvEvents(endpoint, victim.workerId, 0),
        encodeKvEventBatch({ ...victim, rank: 0, batchNumber, events }),
      ];
    }
    if (of === 2) {
      const source = { ...victim, rank: Math.floor(prng() * 1_000) };
      const load = { runningRequests: 16_000_000, waitingRequests: 16_000_000, kvUsage: 1 };
      return [subjects.engineLoads(endpoint, victim.workerId), encodeEngineLoad({ source, load })];
    }
    const peer = routerId(`stranger-${Math.floor(prng() * 500)}`);
    const loads = [victim, bystander].map(({ workerId: id }) => ({
      ...{ workerId: id, rank: 0, requests: 1 },
      prefillTokens: prng() * 2 ** 40,
      // Of what can be believed, and of what cannot.
      blocks: prng() < 0.5 ? prng() * 900_000 : prng() * 2 ** 32,
    }));
    const kind = of === 3 ? 'hello' : 'whole';
    const payload = Buffer.from(
      encodePeerLoads({ kind, routerId: peer, number, loads: kind === 'hello' ? [] : loads }),
    );
    // The amounts are the last words: some are no numbers.
    if (of === 5) payload.fill(0xff, payload.length - 20);
    return [subjects.loads(endpoint, peer), payload];
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let message = 0; message < PER_ROUND; message += 1)
      stranger.publish(...forge(1 + round * PER_ROUND + message));
    await admin.hset(keys.records(endpoint), `worker:x${round}`, '{"t":"x","b":999,"m":"evil","r":"{}"}');
    await admin.zadd(keys.leases(endpoint), Date.now() + 60_000, `worker:x${round}`);
    await admin.incr(keys.version(endpoint));
    await stranger.flush();
    const outcome = router.route({ requestId: null, tokens: PROMPT });
    expect(outcome.kind).toBe('routed');
    for (const load of router.potentialLoads({ tokens: PROMPT }))
      expect(
        [load.potentialPrefillTokens, load.potentialDecodeBlocks, load.activeRequests].every(Number.isFinite),
      ).toBe(true);
  }
  await vi.waitFor(() => expect(overlaps()[1]).toBe(40), SOON);
  // Some of it was believed while it was fresh, as of a real peer.
  await vi.waitFor(() => expect(activeRequests()).toBeGreaterThan(0), SOON);
  expect(router.bookingCount()).toBe(0);
  // Nobody is kept from registering meanwhile.
  expect(await agentRegistry.registerWorker(record('later'), 10_000)).toMatchObject({ kind: 'registered' });
  await vi.waitFor(() => expect(router.workers().map(({ workerId: id }) => id)).toContain('later'), SOON);
  // What was forged counts for no longer than it is fresh.
  await vi.waitFor(() => expect(activeRequests()).toBe(0), SOON);
  await vi.waitFor(() => expect(overlaps()).toEqual([40, 40]), { timeout: 100_000, interval: 200 });
  await router.close();
  for (const publisher of publishers) await publisher.close();
  for (const registry of [agentRegistry, routerRegistry]) await registry.close();
  for (const plane of [agentPlane, routerPlane, stranger]) await plane.close();
  admin.disconnect();
});
