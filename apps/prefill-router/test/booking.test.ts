import type { ServerResponse } from 'node:http';
import { DEFAULT_SEED, mediaContent, namespaceSeed, PromptBlocks, sequenceHashes } from '@kvasir/block-hash';
import type { RoutingConstraints } from '@kvasir/rpc';
import { requestId, workerId } from '@kvasir/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BLOCK_SIZE, Scene, streams } from './scene.js';

const tokens = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, index) => index);

describe('the prefill router over gRPC', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  it('trap: refuses by name what would break a header or a cost, and books nothing for it', async () => {
    await scene.worker('a', 'http://127.0.0.1:9');
    const { client } = await scene.router();
    const prompt = { tokens: tokens(8) };
    await expect
      .poll(() =>
        client.getOverlapScores(prompt).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    const book = (id: string, fields: object = {}) =>
      client.findBestWorker({ requestId: requestId(id), prompt, ...fields });
    const invalid = (field: string) => ({
      grpcStatus: 'INVALID_ARGUMENT',
      code: 'RPC_INVALID_FIELD',
      message: expect.stringContaining(field) as string,
    });
    await expect(book('a\r\nb')).rejects.toMatchObject(invalid('request_id'));
    await expect(book('x'.repeat(300))).rejects.toMatchObject(invalid('request_id'));
    for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY, 1e30]) {
      await expect(book('r', { overrides: { temperature: value } })).rejects.toMatchObject(
        invalid('temperature'),
      );
      await expect(book('r', { overrides: { overlapScoreCredit: value } })).rejects.toMatchObject(
        invalid('overlap_score_credit'),
      );
      await expect(book('r', { overrides: { prefillLoadScale: value } })).rejects.toMatchObject(
        invalid('prefill_load_scale'),
      );
      await expect(book('r', { poolHints: { ttftTargetMs: value } })).rejects.toMatchObject(
        invalid('ttft_target_ms'),
      );
    }
    await expect(book('r', { expectedOutputTokens: 4_000_000_000 })).rejects.toMatchObject(
      invalid('expected_output_tokens'),
    );
    // The client's own words come back in an error, as far as a header goes.
    const long = client.findBestWorker({
      requestId: requestId('r'),
      prompt: { ...prompt, model: '\u4e2d'.repeat(50_000) },
    });
    await expect(long).rejects.toMatchObject({ code: 'ROUTER_UNKNOWN_MODEL', grpcStatus: 'NOT_FOUND' });
    await expect(book('r')).resolves.toMatchObject({ workerId: 'a' });
  });

  it('trap: a caller that frees nothing cannot take every booking', async () => {
    await scene.worker('a', 'http://127.0.0.1:9');
    const { client } = await scene.router(['--router-bookings-per-caller-max', '2']);
    const prompt = { tokens: tokens(8) };
    await expect
      .poll(() =>
        client.getOverlapScores(prompt).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    const book = (id: string) => client.findBestWorker({ requestId: requestId(id), prompt });
    await book('r1');
    await book('r2');
    await expect(book('r3')).rejects.toMatchObject({
      ...{ code: 'SCHED_CALLER_FULL', grpcStatus: 'RESOURCE_EXHAUSTED' },
      message: expect.stringContaining('2 of 127.0.0.1') as string,
    });
    await client.free(requestId('r1'));
    await expect(book('r4')).resolves.toMatchObject({ workerId: 'a' });
  });

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

  it('makes one dump at a time', async () => {
    const { url } = await scene.engine(streams('x'));
    const publisher = await scene.worker('a', url);
    // Far more than fits between a server and a client that does not read.
    const blockCount = 400_000;
    publisher.publishStored(0, null, sequenceHashes(tokens(blockCount * BLOCK_SIZE), BLOCK_SIZE));
    publisher.flush();
    const { client } = await scene.router();
    const blocks = async (): Promise<number> => {
      let sum = 0;
      for await (const { hashes } of client.dumpEvents()) sum += hashes.length / 2;
      return sum;
    };
    await expect.poll(blocks, { timeout: 30_000 }).toBe(blockCount);
    const first = client.dumpEvents()[Symbol.asyncIterator]();
    await first.next();
    await expect(blocks()).rejects.toMatchObject({
      code: 'ROUTER_DUMP_RUNNING',
      grpcStatus: 'RESOURCE_EXHAUSTED',
      retryable: true,
    });
    await first.return?.();
    await expect.poll(() => blocks().catch(() => 0), { timeout: 30_000 }).toBe(blockCount);
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

  it('refuses a request for a model that the pool does not serve', async () => {
    const { url } = await scene.engine(streams('x'));
    await scene.worker('a', url);
    const { client } = await scene.router();
    const prompt = { tokens: tokens(4), model: 'other' };
    await expect(client.bestWorkerId({ prompt })).rejects.toMatchObject({
      code: 'ROUTER_UNKNOWN_MODEL',
      grpcStatus: 'NOT_FOUND',
      retryable: false,
    });
    expect(await client.bestWorkerId({ prompt: { ...prompt, model: 'm' } })).toMatchObject({ workerId: 'a' });
  });

  it('keeps to what a request allows', async () => {
    const { url } = await scene.engine(streams('x'));
    await scene.worker('a', url, { taints: ['zone=1'] });
    await scene.worker('b', url, { taints: ['zone=2'] });
    const { client } = await scene.router();
    const prompt = { tokens: tokens(4) };
    const best = async (constraints: RoutingConstraints): Promise<string> =>
      (await client.bestWorkerId({ prompt, constraints })).workerId;
    expect(await best({ requiredTaints: ['zone=2'] })).toBe('b');
    expect(await best({ excludedWorkerIds: [workerId('a')] })).toBe('b');
    expect(await best({ allowedWorkerIds: [workerId('a')] })).toBe('a');
    expect(await best({ pinnedWorkerId: workerId('b') })).toBe('b');
    await expect(best({ requiredTaints: ['zone=3'] })).rejects.toMatchObject({
      code: 'SCHED_NO_ELIGIBLE_TARGETS',
    });
    await expect(best({ pinnedWorkerId: workerId('z') })).rejects.toMatchObject({
      code: 'SCHED_PINNED_UNAVAILABLE',
      grpcStatus: 'FAILED_PRECONDITION',
    });
  });

  it('tells equal tokens with unequal KV apart', async () => {
    const { url } = await scene.engine(streams('x'));
    const publisher = await scene.worker('a', url);
    const seed = namespaceSeed({ cacheSalt: 'tenant' });
    publisher.publishStored(0, null, sequenceHashes(tokens(8), BLOCK_SIZE, seed));
    publisher.flush();
    const { client } = await scene.router();
    const overlap = async (cacheSalt?: string): Promise<number> =>
      (await client.bestWorkerId({ prompt: { tokens: tokens(8), cacheSalt } })).overlapBlocks;
    await expect.poll(() => overlap('tenant')).toBe(2);
    expect(await overlap()).toBe(0);
    expect(await overlap('other')).toBe(0);
  });

  it('tells prompts with different images apart', async () => {
    const { url } = await scene.engine(streams('x'));
    const publisher = await scene.worker('a', url);
    const span = { firstToken: BLOCK_SIZE, tokenCount: 1 };
    const cat = new PromptBlocks(tokens(12), BLOCK_SIZE, DEFAULT_SEED, [
      { ...span, content: mediaContent('cat') },
    ]);
    cat.hashTo(3);
    publisher.publishStored(0, null, cat.words);
    publisher.flush();
    const { client } = await scene.router();
    const overlap = async (identifier: string): Promise<number> => {
      const media = [{ ...span, identifier }];
      return (await client.bestWorkerId({ prompt: { tokens: tokens(12), media } })).overlapBlocks;
    };
    await expect.poll(() => overlap('cat')).toBe(3);
    expect(await overlap('dog')).toBe(1);
  });

  it('is ready once a worker is there, and its health check says so', async () => {
    const { router } = await scene.router();
    const ready = async () => {
      const answer = await fetch(router.metricsUrl().replace('/metrics', '/ready'));
      return [answer.status, ((await answer.json()) as { reason?: string }).reason];
    };
    expect(await ready()).toEqual([503, 'no worker is registered at kvasir.prefill.generate']);
    await scene.worker('a', 'http://127.0.0.1:1');
    await expect.poll(ready).toEqual([200, undefined]);
    await router.drain(1_000);
    expect(await ready()).toEqual([503, 'the router is draining']);
  });

  it('says in one sentence that its port is taken, and lets go of all it had', async () => {
    const { router } = await scene.router();
    const port = router.address().split(':')[1] ?? '';
    await expect(scene.router([`--grpc-port=${port}`])).rejects.toMatchObject({
      code: 'SERVICE_PORT_TAKEN',
      message: `Cannot listen on 127.0.0.1:${port}: the port is taken by another process`,
    });
    expect(scene.routers()).toHaveLength(1);
  });

  it('tells others the host that it is reached at', async () => {
    const { router } = await scene.router(['--grpc-advertised-host', 'router-0.internal']);
    const port = router.address().split(':')[1] ?? '';
    await expect.poll(() => scene.routers()).toEqual([`router-0.internal:${port}`]);
    await router.close();
    await expect.poll(() => scene.routers()).toEqual([]);
  });
});

describe('leave()', () => {
  it('tells everybody that it is going, and books on until it drains', async () => {
    const scene = new Scene();
    const { url } = await scene.engine(streams('x'));
    await scene.worker('a', url);
    const { router, client } = await scene.router();
    await router.leave?.();
    await expect.poll(() => scene.drainingRouters()).toHaveLength(1);
    expect((await fetch(router.metricsUrl().replace('metrics', 'ready'))).status).toBe(503);
    const prompt = { tokens: tokens(4) };
    expect(await client.findBestWorker({ requestId: requestId('q1'), prompt })).toMatchObject({
      workerId: 'a',
    });
    const drained = router.drain(60_000);
    await expect(client.findBestWorker({ requestId: requestId('q2'), prompt })).rejects.toMatchObject({
      code: 'ROUTER_DRAINING',
    });
    await client.free(requestId('q1'));
    expect(await drained).toEqual({ abandonedRequests: 0 });
    await scene.close();
  });
});

describe('drain()', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  it('books nothing new, serves marks and frees, and ends with the last booking', async () => {
    const { url } = await scene.engine(streams('x'));
    await scene.worker('a', url);
    const { router, client } = await scene.router();
    const prompt = { tokens: tokens(4) };
    await client.findBestWorker({ requestId: requestId('q1'), prompt });
    const drained = router.drain(60_000);
    await expect.poll(() => scene.drainingRouters()).toHaveLength(1);
    const draining = { code: 'ROUTER_DRAINING', grpcStatus: 'UNAVAILABLE', retryable: true };
    await expect(client.findBestWorker({ requestId: requestId('q2'), prompt })).rejects.toMatchObject(
      draining,
    );
    const generated = client.generate({ requestId: null, prompt, samplingJson: Buffer.alloc(0) });
    await expect(generated[Symbol.asyncIterator]().next()).rejects.toMatchObject(draining);
    expect(await client.markPrefillComplete(requestId('q1'))).toBe(true);
    expect(await client.free(requestId('q1'))).toBe(true);
    expect(await drained).toEqual({ abandonedRequests: 0 });
  });

  it('lets a running Generate finish', async () => {
    const answers: ServerResponse[] = [];
    const engine = await scene.engine((_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[{"text":"first"}]}\n\n');
      answers.push(response);
    });
    await scene.worker('a', engine.url);
    const { router, client } = await scene.router();
    const events = client.generate({
      requestId: null,
      prompt: { tokens: tokens(4) },
      samplingJson: Buffer.alloc(0),
    });
    const seen: string[] = [];
    let drained: Promise<unknown> | null = null;
    for await (const event of events) {
      seen.push(event.kind);
      if (event.kind !== 'chunk' || drained !== null) continue;
      drained = router.drain(60_000);
      answers[0]?.end('data: {"choices":[{"text":"last"}]}\n\ndata: [DONE]\n\n');
    }
    expect(seen).toEqual(['routed', 'chunk', 'chunk']);
    expect(await drained).toEqual({ abandonedRequests: 0 });
  });

  it('counts the bookings left at its deadline as abandoned', async () => {
    const { url } = await scene.engine(streams('x'));
    await scene.worker('a', url);
    const { router, client } = await scene.router();
    await client.findBestWorker({ requestId: requestId('q1'), prompt: { tokens: tokens(4) } });
    expect(await router.drain(20)).toEqual({ abandonedRequests: 1 });
    expect(await router.drain(20)).toEqual({ abandonedRequests: 1 });
  });
});
