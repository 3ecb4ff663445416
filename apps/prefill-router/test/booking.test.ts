import { sequenceHashes } from '@kvasir/block-hash';
import { requestId } from '@kvasir/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BLOCK_SIZE, Scene, streams } from './scene.js';

const tokens = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, index) => index);

describe('the prefill router over gRPC', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  it('finds the worker that holds the prompt, and books it until it is freed', async () => {
    const { url } = await scene.engine(streams('x'));
    await scene.worker('a', url);
    const publisher = await scene.worker('b', url);
    publisher.publishStored(0, null, sequenceHashes(tokens(8), BLOCK_SIZE));
    publisher.flush();
    const { client } = await scene.router();
    const prompt = { tokens: tokens(13) };
    await expect
      .poll(async () => (await client.getOverlapScores(prompt)).scores.map((one) => one.overlapBlocks))
      .toEqual([0, 2]);

    const best = await client.bestWorkerId({ prompt });
    expect(best).toMatchObject({
      workerId: 'b',
      url,
      overlapBlocks: 2,
      promptBlocks: 3,
      cachedTokens: 8,
      blockSize: BLOCK_SIZE,
      pool: null,
    });
    expect(best.terms.map((term) => term.name)).toEqual([
      'prefillLoad',
      'overlapCredit',
      'decodeLoad',
      'activeRequests',
    ]);
    const loads = async (): Promise<number[]> =>
      (await client.getPotentialLoads({ tokens: tokens(0) })).map((load) => load.potentialPrefillTokens);
    expect(await loads()).toEqual([0, 0]);

    const booked = await client.findBestWorker({ requestId: requestId('q1'), prompt });
    expect(booked.workerId).toBe('b');
    expect(await loads()).toEqual([0, 5]);
    await expect(client.findBestWorker({ requestId: requestId('q1'), prompt })).rejects.toMatchObject({
      code: 'SCHED_DUPLICATE_REQUEST',
      grpcStatus: 'ALREADY_EXISTS',
    });
    expect(await client.markPrefillComplete(requestId('q1'))).toBe(true);
    expect(await loads()).toEqual([0, 0]);
    expect(await client.free(requestId('q1'))).toBe(true);
    expect(await client.free(requestId('q1'))).toBe(false);
  });

  it('dumps what it knows as chains', async () => {
    const { url } = await scene.engine(streams('x'));
    const publisher = await scene.worker('a', url);
    publisher.publishStored(0, null, sequenceHashes(tokens(12), BLOCK_SIZE));
    publisher.flush();
    const { client, router } = await scene.router();
    await expect
      .poll(async () => (await fetch(router.metricsUrl().replace('/metrics', '/ready'))).status)
      .toBe(200);
    const chains = [];
    for await (const chain of client.dumpEvents()) chains.push(chain);
    expect(chains).toHaveLength(1);
    expect(chains[0]).toMatchObject({ workerId: 'a', rank: 0, parent: null });
    expect([...(chains[0]?.hashes ?? [])]).toEqual([...sequenceHashes(tokens(12), BLOCK_SIZE)]);
  });

  it('answers UNAVAILABLE while no worker is there', async () => {
    const { client } = await scene.router();
    await expect(client.bestWorkerId({ prompt: { tokens: tokens(4) } })).rejects.toMatchObject({
      code: 'SCHED_NO_TARGETS',
      grpcStatus: 'UNAVAILABLE',
      retryable: true,
    });
  });

  it('refuses to start with another block size than its workers have', async () => {
    await scene.worker('a', 'http://127.0.0.1:1');
    await expect(scene.router(['--block-size', '16'])).rejects.toMatchObject({
      code: 'ROUTER_BLOCK_SIZE_MISMATCH',
    });
  });

  it('makes workers of another block size be refused', async () => {
    await scene.router(['--router-block-size', '16']);
    await expect(scene.worker('a', 'http://127.0.0.1:1')).rejects.toThrow(/16.*4|4.*16/);
  });

  it('labels its metrics with its service', async () => {
    const { router } = await scene.router();
    const text = await (await fetch(router.metricsUrl())).text();
    expect(text).toContain('kvasir_router_active_bookings{service="prefill_router"} 0');
  });

  it('takes no booking while it drains, but lets bookings be freed', async () => {
    const { url } = await scene.engine(streams('x'));
    await scene.worker('a', url);
    const { router, client } = await scene.router();
    await client.findBestWorker({ requestId: requestId('q1'), prompt: { tokens: tokens(4) } });
    const seen: boolean[] = [];
    scene.registry.watch({ namespace: 'kvasir', component: 'prefill', endpoint: 'generate' }, (view) => {
      seen.push(...view.routers.map((one) => one.isDraining));
    });
    await router.drain(1_000);
    await expect.poll(() => seen.at(-1)).toBe(true);
    await expect(
      client.findBestWorker({ requestId: requestId('q2'), prompt: { tokens: tokens(4) } }),
    ).rejects.toMatchObject({
      grpcStatus: 'UNAVAILABLE',
    });
  });
});
