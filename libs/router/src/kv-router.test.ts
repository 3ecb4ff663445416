import { DEFAULT_SEED, mediaContent, PromptBlocks, sequenceHashes } from '@kvasir/block-hash';
import { hashedPrompt } from './cache-view/hashed-prompt.js';
import { encodeEngineLoad, subjects } from '@kvasir/contract';
import type { EndpointName, WorkerRecord } from '@kvasir/contract';
import { InProcessEventPlane, KvEventPublisher } from '@kvasir/event-plane';
import { InProcessRegistry } from '@kvasir/registry';
import type { RegisterOutcome } from '@kvasir/registry';
import { SCHEDULER_OPTIONS_DEFAULT } from '@kvasir/scheduler';
import { createLogger, createMetrics } from '@kvasir/service';
import { VirtualClock } from '@kvasir/testkit';
import { incarnation, requestId, routerId, seededPrng, workerId } from '@kvasir/units';
import { beforeEach, describe, expect, it } from 'vitest';
import { KvRouter } from './kv-router.js';
import type { KvRouterOptions } from './kv-router-options.js';

const BLOCK_SIZE = 4;
const ENDPOINT: EndpointName = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };

const tokens = (count: number, first = 0): Uint32Array =>
  Uint32Array.from({ length: count }, (_, index) => first + index);

interface World {
  readonly clock: VirtualClock;
  readonly registry: InProcessRegistry;
  readonly plane: InProcessEventPlane;
}

function record(id: string, fields: Partial<WorkerRecord> = {}): WorkerRecord {
  return {
    workerId: workerId(id),
    incarnation: incarnation('0001'),
    endpoint: ENDPOINT,
    url: `http://${id}`,
    dialect: 'vllm',
    role: 'prefill',
    model: 'm',
    contextTokensMax: 1000,
    tokenizerPath: null,
    blockSize: BLOCK_SIZE,
    rankStart: 0,
    rankCount: 1,
    kvBlocksTotal: 100,
    batchedTokensMax: 8192,
    publishesKvEvents: true,
    isDraining: false,
    taints: [],
    loraNames: null,
    ...fields,
  };
}

/** Lets in-process deliveries and the timers behind them run. */
async function settle(world: World, ms = 50): Promise<void> {
  for (let round = 0; round < 10; round += 1) await world.clock.advanceAsync(ms / 10);
}

async function join(
  world: World,
  id: string,
  fields: Partial<WorkerRecord> = {},
): Promise<{ publisher: KvEventPublisher; outcome: RegisterOutcome }> {
  const worker = record(id, fields);
  const publisher = new KvEventPublisher({
    plane: world.plane,
    clock: world.clock,
    ...worker,
  });
  await publisher.start();
  const outcome = await world.registry.registerWorker(worker, 10_000);
  await settle(world);
  return { publisher, outcome };
}

async function router(world: World, options: Partial<KvRouterOptions> = {}): Promise<KvRouter> {
  const made = new KvRouter({
    endpoint: ENDPOINT,
    routerId: routerId('r'),
    blockSize: null,
    scheduler: SCHEDULER_OPTIONS_DEFAULT,
    registry: world.registry,
    eventPlane: world.plane,
    clock: world.clock,
    prng: seededPrng(1),
    logger: createLogger({ name: 'test', level: 'silent' }),
    metrics: createMetrics('test'),
    ...options,
  });
  await made.start();
  await settle(world);
  return made;
}

function routed(by: KvRouter, prompt: Uint32Array, id: string | null = null) {
  const outcome = by.route({ requestId: id === null ? null : requestId(id), tokens: prompt });
  if (outcome.kind !== 'routed') throw new TypeError(`Cannot test: ${outcome.message}`);
  return outcome.decision;
}

describe('KvRouter', () => {
  let world: World;

  beforeEach(() => {
    const clock = new VirtualClock(0);
    world = { clock, registry: new InProcessRegistry({ clock }), plane: new InProcessEventPlane({ clock }) };
  });

  it('rejects while nobody is registered and says why it is not ready', async () => {
    const made = await router(world);
    expect(made.route({ requestId: null, tokens: tokens(8) })).toMatchObject({
      kind: 'rejected',
      code: 'SCHED_NO_TARGETS',
    });
    expect(made.notReadyReason()).toBe('no worker is registered at kvasir.prefill.generate');
  });

  it('learns the block size from the first worker', async () => {
    const made = await router(world);
    expect(made.blockSize()).toBeNull();
    await join(world, 'a');
    expect(made.blockSize()).toBe(BLOCK_SIZE);
    expect(made.isReady()).toBe(true);
    expect(routed(made, tokens(8))).toMatchObject({
      workerId: 'a',
      url: 'http://a',
      promptBlocks: 2,
      blockSize: BLOCK_SIZE,
    });
  });

  it('refuses to start with another block size than its workers have, naming both', async () => {
    await join(world, 'a');
    await expect(router(world, { blockSize: 16 })).rejects.toMatchObject({
      code: 'ROUTER_BLOCK_SIZE_MISMATCH',
      message: expect.stringMatching(/16.*4|4.*16/) as string,
    });
  });

  it('makes a worker with another block size be refused', async () => {
    await router(world, { blockSize: 16 });
    const { outcome } = await join(world, 'a');
    expect(outcome).toMatchObject({ kind: 'refused', code: 'REGISTRY_BLOCK_SIZE_MISMATCH' });
  });

  it('follows KV events, also those from before it came', async () => {
    const { publisher } = await join(world, 'b');
    await join(world, 'a');
    publisher.publishStored(0, null, sequenceHashes(tokens(8), BLOCK_SIZE));
    publisher.flush();
    const made = await router(world);
    expect(routed(made, tokens(16))).toMatchObject({ workerId: 'b', overlapBlocks: 2 });
    const parent = new PromptBlocks(tokens(8), BLOCK_SIZE);
    parent.hashTo(2);
    publisher.publishStored(0, parent.words.slice(2), sequenceHashes(tokens(16), BLOCK_SIZE).slice(4));
    publisher.flush();
    await settle(world);
    expect(routed(made, tokens(16)).overlapBlocks).toBe(4);
    expect([...made.dumpEvents()].map((chain) => [chain.workerId, chain.hashes.length / 2])).toEqual([
      ['b', 4],
    ]);
  });

  it('keeps LoRA and salted prompts apart from plain ones', async () => {
    const { publisher } = await join(world, 'a');
    const made = await router(world);
    publisher.publishStored(0, null, sequenceHashes(tokens(8), BLOCK_SIZE));
    publisher.flush();
    await settle(world);
    expect(made.overlapScores({ tokens: tokens(8) })[0]?.overlapBlocks).toBe(2);
    expect(made.overlapScores({ tokens: tokens(8), cacheSalt: 's' })[0]?.overlapBlocks).toBe(0);
    expect(made.overlapScores({ tokens: tokens(8), loraName: 'l' })[0]?.overlapBlocks).toBe(0);
  });

  it('keeps prompts of different images apart, by content or by the ids that SGLang puts in their place', async () => {
    const media = (identifier: string) => [{ identifier, firstToken: 5, tokenCount: 4 }];
    const content = mediaContent('cat');
    const { publisher } = await join(world, 'a');
    const made = await router(world);
    const cat = new PromptBlocks(tokens(12), BLOCK_SIZE, DEFAULT_SEED, [
      { content, firstToken: 5, tokenCount: 4 },
    ]);
    cat.hashTo(3);
    publisher.publishStored(0, null, cat.words);
    publisher.flush();
    await settle(world);
    const overlapOf = (fields: object): number | undefined =>
      made.overlapScores({ tokens: tokens(12), ...fields })[0]?.overlapBlocks;
    expect(overlapOf({ media: media('cat') })).toBe(3);
    expect(overlapOf({ media: media('dog') })).toBe(1);
    expect(overlapOf({})).toBe(1);
    // The same worker as an SGLang engine: the ids are in its events, and no media.
    const ids = tokens(12);
    ids.fill(1_000_000 + (content.lo & 0x3fff_ffff), 5, 9);
    const hashes = sequenceHashes(ids, BLOCK_SIZE);
    const prompt = { tokens: tokens(12), media: media('cat') };
    const blocks = hashedPrompt(prompt, BLOCK_SIZE, () => 'sglang');
    blocks.hashTo(3);
    expect(blocks.words).toEqual(hashes);
    expect(prompt.tokens).toEqual(tokens(12));
  });

  it('lets a request wait for what another router of the pool frees', async () => {
    await join(world, 'a');
    const scheduler = { ...SCHEDULER_OPTIONS_DEFAULT, queue: { prefillTokensMax: 10, requestsMax: 5 } };
    const [one, other] = [
      await router(world, { scheduler, syncsReplicas: true, routerId: routerId('one') }),
      await router(world, { scheduler, syncsReplicas: true, routerId: routerId('other') }),
    ];
    await world.clock.advanceAsync(1_000);
    routed(one, tokens(40), 'first');
    await world.clock.advanceAsync(1_000);
    const request = { requestId: requestId('second'), tokens: tokens(40).map((token) => token + 1_000) };
    const pending = other.routeOrWait(request, { priority: 0 });
    expect(pending).toBeInstanceOf(Promise);
    let outcome: string | null = null;
    void Promise.resolve(pending).then(({ kind }) => (outcome = kind));
    await world.clock.advanceAsync(1_000);
    expect(outcome).toBeNull();
    one.free(requestId('first'));
    await world.clock.advanceAsync(1_000);
    expect(outcome).toBe('routed');
    await other.close();
  });

  it('gives up whoever waits when it closes', async () => {
    await join(world, 'a');
    const scheduler = { ...SCHEDULER_OPTIONS_DEFAULT, queue: { prefillTokensMax: 10, requestsMax: 5 } };
    const made = await router(world, { scheduler });
    routed(made, tokens(40), 'first');
    const request = { requestId: requestId('second'), tokens: tokens(40).map((token) => token + 1_000) };
    const pending = made.routeOrWait(request, { priority: 0 });
    await made.close();
    expect(await pending).toMatchObject({ kind: 'rejected', code: 'SCHED_WAIT_ENDED' });
  });

  it('forgets what a worker held when it comes back as another incarnation', async () => {
    const { publisher, outcome } = await join(world, 'a');
    const made = await router(world);
    publisher.publishStored(0, null, sequenceHashes(tokens(8), BLOCK_SIZE));
    publisher.flush();
    await settle(world);
    expect(routed(made, tokens(8), 'q').overlapBlocks).toBe(2);
    if (outcome.kind === 'registered') await outcome.lease.release();
    await publisher.close();
    await join(world, 'a', { incarnation: incarnation('0002') });
    expect(routed(made, tokens(8)).overlapBlocks).toBe(0);
    expect(made.free(requestId('q'))).toBe(false);
  });

  it('sends nothing to a worker that drains or has left', async () => {
    const first = await join(world, 'a');
    await join(world, 'b');
    const made = await router(world);
    if (first.outcome.kind !== 'registered') throw new TypeError('Cannot test: not registered');
    await first.outcome.lease.update({ ...record('a'), isDraining: true });
    await settle(world);
    for (let index = 0; index < 6; index += 1) expect(routed(made, tokens(8, index)).workerId).toBe('b');
    await first.outcome.lease.release();
    await settle(world);
    expect(made.workers().map((worker) => worker.workerId)).toEqual(['b']);
  });

  const fails = (made: KvRouter, worker: string, request: string): void =>
    made
      .leg({ workerId: workerId(worker), requestId: requestId(request), patienceMs: 0 })
      .ended({ kind: 'failed', code: 'ENGINE_ERROR_STATUS', retryAfterMs: null });

  it('sets a worker aside that fails two requests, and takes it back when its probe succeeds', async () => {
    await join(world, 'a');
    await join(world, 'b');
    let isWell = false;
    const probed: string[] = [];
    const metrics = createMetrics('test');
    const made = await router(world, {
      metrics,
      probe: (worker) => {
        probed.push(worker.workerId);
        return Promise.resolve(isWell);
      },
    });
    const chosen = () => new Set(Array.from({ length: 30 }, (_, i) => routed(made, tokens(8, i)).workerId));
    for (let times = 0; times < 3; times += 1) fails(made, 'a', 'q1');
    expect(chosen()).toEqual(new Set(['a', 'b']));
    fails(made, 'a', 'q2');
    expect(chosen()).toEqual(new Set(['b']));
    expect(await metrics.render()).toContain(
      'kvasir_router_set_aside_total{reason="failures",service="test"} 1',
    );
    await settle(world, 2_000);
    expect(probed).toEqual(['a']);
    isWell = true;
    await settle(world, 4_000);
    expect(chosen()).toEqual(new Set(['a', 'b']));
  });

  it('chooses a worker that is set aside rather than nobody, and counts it', async () => {
    await join(world, 'a');
    await join(world, 'b');
    const metrics = createMetrics('test');
    const made = await router(world, { metrics });
    fails(made, 'a', 'q1');
    fails(made, 'a', 'q2');
    const constraints = { excludedWorkerIds: [workerId('b')] };
    const outcome = made.route({ requestId: requestId('q3'), tokens: tokens(8), constraints });
    expect(outcome).toMatchObject({ kind: 'routed', decision: { workerId: 'a' } });
    expect(await metrics.render()).toContain('kvasir_router_last_resort_total{service="test"} 1');
  });

  it('takes what waits for a silent worker away once a probe has failed while others answer', async () => {
    await join(world, 'a');
    await join(world, 'b');
    const made = await router(world, { probe: () => Promise.resolve(false) });
    const leg = (id: string, request: string) =>
      made.leg({ workerId: workerId(id), requestId: requestId(request), patienceMs: 0 });
    const waiting = leg('a', 'q1');
    const signal = waiting.signal(new AbortController().signal);
    for (let index = 0; index < 4; index += 1) leg('b', `b${index}`).ended({ kind: 'succeeded' });
    await settle(world, 1_900);
    expect(signal.aborted).toBe(false);
    await settle(world, 600);
    expect([signal.aborted, waiting.isCut]).toEqual([true, true]);
    expect(routed(made, tokens(8)).workerId).toBe('b');
  });

  it('books until freed, and expires what nobody frees', async () => {
    await join(world, 'a');
    const made = await router(world, { scheduler: { ...SCHEDULER_OPTIONS_DEFAULT, bookingTtlMs: 5_000 } });
    routed(made, tokens(8), 'q1');
    routed(made, tokens(8), 'q2');
    expect(made.markPrefillComplete(requestId('q1'))).toBe(true);
    expect(made.potentialLoads({ tokens: tokens(0) })[0]).toMatchObject({
      activeRequests: 2,
      potentialPrefillTokens: 8,
      potentialDecodeBlocks: 2,
    });
    expect(made.free(requestId('q1'))).toBe(true);
    expect(made.free(requestId('q1'))).toBe(false);
    await settle(world, 6_000);
    expect(made.potentialLoads({ tokens: tokens(0) })[0]).toMatchObject({
      activeRequests: 0,
      potentialPrefillTokens: 0,
      potentialDecodeBlocks: 0,
    });
  });

  it('tells its state as metrics', async () => {
    await join(world, 'a');
    const metrics = createMetrics('test');
    const made = await router(world, { metrics });
    routed(made, tokens(8), 'q1');
    const text = await metrics.render();
    expect(text).toContain('kvasir_router_active_bookings{service="test"} 1');
    expect(text).toContain('kvasir_router_active_prefill_tokens{worker_id="a",rank="0",service="test"} 8');
    expect(text).toContain('kvasir_router_decisions_total{outcome="routed",service="test"} 1');
  });

  it('has no series of workers that have left, whatever came of them', async () => {
    const metrics = createMetrics('test');
    const made = await router(world, { metrics });
    for (let visit = 0; visit < 5; visit += 1) {
      const id = `visitor-${visit}`;
      const { outcome } = await join(world, id);
      routed(made, tokens(8), `q${visit}`);
      fails(made, id, `f${visit}`);
      expect(await metrics.render()).toContain(`worker_failures_total{worker_id="${id}",service="test"} 1`);
      if (outcome.kind !== 'registered') throw new TypeError('Cannot test: not registered');
      await outcome.lease.release();
      await settle(world);
      // Late news of it.
      fails(made, id, `f${visit}`);
      expect(await metrics.render()).not.toContain('visitor');
    }
  });

  it('passes over an engine that says it is full, until it says otherwise, falls silent, or all are', async () => {
    const made = await router(world, { kvUsageMax: 0.9 });
    await join(world, 'a');
    await join(world, 'b');
    const say = async (id: string, kvUsage: number): Promise<void> => {
      const source = { workerId: workerId(id), incarnation: incarnation('0001'), rank: 0 };
      const load = { runningRequests: 1, waitingRequests: 0, kvUsage };
      world.plane.publish(subjects.engineLoads(ENDPOINT, workerId(id)), encodeEngineLoad({ source, load }));
      await settle(world, 500);
    };
    const choices = (): readonly string[] =>
      [
        ...new Set(Array.from({ length: 20 }, (_, index) => routed(made, tokens(8, index * 100)).workerId)),
      ].sort();
    expect(choices()).toEqual(['a', 'b']);
    await say('a', 0.95);
    expect(choices()).toEqual(['b']);
    await say('b', 0.9);
    expect(choices()).toEqual(['a', 'b']);
    await say('b', 0.2);
    await say('a', 0.95);
    expect(choices()).toEqual(['b']);
    await say('a', 0.5);
    expect(choices()).toEqual(['a', 'b']);
    await say('a', 0.95);
    await settle(world, 6_000);
    expect(choices()).toEqual(['a', 'b']);
  });
});
