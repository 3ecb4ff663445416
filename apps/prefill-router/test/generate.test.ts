import { sequenceHashes } from '@kvasir/block-hash';
import type { GenerateEvent, RouterClient } from '@kvasir/rpc';
import { requestId, seededPrng, workerId } from '@kvasir/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BLOCK_SIZE, Scene, sends, streams } from './scene.js';

const request = (fields: Record<string, unknown> = {}) => ({
  requestId: null,
  prompt: { tokens: Uint32Array.of(1, 2, 3, 4, 5) },
  samplingJson: Buffer.from(JSON.stringify({ max_tokens: 3, ...fields })),
});

async function collect(events: AsyncIterable<GenerateEvent>): Promise<GenerateEvent[]> {
  const all: GenerateEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

async function activeRequests(client: RouterClient): Promise<number> {
  const loads = await client.getPotentialLoads({ tokens: new Uint32Array(0) });
  return loads.reduce((sum, load) => sum + load.activeRequests, 0);
}

describe('Generate', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  it('routes, sends token ids and passes events on byte for byte', async () => {
    const engine = await scene.engine(streams('one', 'two'));
    await scene.worker('a', engine.url);
    const { client } = await scene.router();
    const events = await collect(client.generate(request()));
    expect(events.map((event) => event.kind)).toEqual(['routed', 'chunk', 'chunk']);
    expect(events[0]).toMatchObject({ decision: { workerId: 'a', promptBlocks: 1 } });
    const last = events[2];
    expect(last?.kind === 'chunk' ? Buffer.from(last.json).toString() : '').toBe(
      '{"choices":[{"text":"two"}]}',
    );
    expect(engine.bodies[0]).toMatchObject({
      model: 'm',
      prompt: [1, 2, 3, 4, 5],
      stream: true,
      max_tokens: 3,
    });
    expect(await activeRequests(client)).toBe(0);
  });

  it('tries another worker when one breaks before its first event', async () => {
    const broken = await scene.engine((_body, response) => response.destroy());
    const well = await scene.engine(streams('fine'));
    await scene.worker('a', broken.url);
    await scene.worker('b', well.url);
    const { client } = await scene.router();
    for (let round = 0; round < 4; round += 1) {
      const [first] = await collect(client.generate(request()));
      expect(first).toMatchObject({ kind: 'routed', decision: { workerId: 'b' } });
    }
    // Two requests of those: one alone may have been at fault itself.
    expect(broken.bodies.length).toBeLessThanOrEqual(2);
  });

  it('tries another worker when a silent one leaves the list', async () => {
    const silent = await scene.engine(() => undefined);
    await scene.worker('a', silent.url);
    const { client } = await scene.router();
    const events = collect(client.generate(request()));
    await expect.poll(() => silent.bodies.length).toBe(1);
    const well = await scene.engine(streams('fine'));
    await scene.worker('b', well.url);
    await scene.leave('a');
    expect((await events)[0]).toMatchObject({ kind: 'routed', decision: { workerId: 'b' } });
    await expect.poll(() => silent.abandoned.count).toBe(1);
    expect(await activeRequests(client)).toBe(0);
  });

  it('ends the call when a worker leaves in the middle of its answer', async () => {
    const stuck = await scene.engine((_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[{"text":"one"}]}\n\n');
    });
    await scene.worker('a', stuck.url);
    const { client } = await scene.router();
    const events = collect(client.generate(request()));
    await expect.poll(() => stuck.bodies.length).toBe(1);
    await scene.leave('a');
    await expect(events).rejects.toMatchObject({ code: 'ENGINE_GONE', grpcStatus: 'UNAVAILABLE' });
  });

  it.each([
    ['--engine-head-timeout-ms', 'ENGINE_TIMEOUT'],
    ['--first-token-timeout-ms', 'ENGINE_FIRST_TOKEN_TIMEOUT'],
  ])('waits for an engine no longer than %s', async (flag, code) => {
    const silent = await scene.engine(() => undefined);
    await scene.worker('a', silent.url);
    const { client } = await scene.router([flag, '100']);
    await expect(collect(client.generate(request()))).rejects.toMatchObject({ code });
  });

  it('passes a refusal of the engine on without blaming the worker', async () => {
    const engine = await scene.engine((_body, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end('{"error":{"message":"max_tokens is too large","type":"BadRequestError"}}');
    });
    await scene.worker('a', engine.url);
    const { client } = await scene.router();
    await expect(collect(client.generate(request()))).rejects.toMatchObject({
      code: 'ENGINE_REFUSED',
      grpcStatus: 'INVALID_ARGUMENT',
      message: expect.stringContaining('max_tokens is too large') as string,
    });
    expect(await client.bestWorkerId({ prompt: { tokens: Uint32Array.of(1) } })).toMatchObject({
      workerId: 'a',
    });
    expect(await activeRequests(client)).toBe(0);
  });

  it('stops the engine and frees the booking when the caller leaves', async () => {
    const engine = await scene.engine((_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[{"text":"first"}]}\n\n');
    });
    await scene.worker('a', engine.url);
    const { client } = await scene.router();
    const leave = new AbortController();
    const events = client.generate(request(), { signal: leave.signal });
    const seen: string[] = [];
    await expect(
      (async () => {
        for await (const event of events) {
          seen.push(event.kind);
          if (event.kind === 'chunk') leave.abort();
        }
      })(),
    ).rejects.toMatchObject({ code: 'RPC_CANCELLED' });
    expect(seen).toEqual(['routed', 'chunk']);
    await expect.poll(() => engine.abandoned.count).toBe(1);
    await expect.poll(() => activeRequests(client)).toBe(0);
  });

  it('stops the engine when the caller leaves the iteration', async () => {
    const engine = await scene.engine((_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[{"text":"first"}]}\n\n');
    });
    await scene.worker('a', engine.url);
    const { client } = await scene.router();
    for await (const event of client.generate(request())) if (event.kind === 'chunk') break;
    await expect.poll(() => engine.abandoned.count).toBe(1);
    await expect.poll(() => activeRequests(client)).toBe(0);
  });

  it('marks the prompt computed at the first token and counts output by blocks', async () => {
    const finish: (() => void)[] = [];
    const engine = await scene.engine((_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      finish.push(() => {
        for (let token = 0; token < 9; token += 1) response.write('data: {"choices":[{"text":"t"}]}\n\n');
      });
    });
    await scene.worker('a', engine.url);
    const { client } = await scene.router();
    const load = async () => {
      const [only] = await client.getPotentialLoads({ tokens: new Uint32Array(0) });
      return [only?.potentialPrefillTokens, only?.potentialDecodeBlocks];
    };
    const events = client.generate(request())[Symbol.asyncIterator]();
    const first = events.next();
    await expect.poll(() => finish.length).toBe(1);
    const [waiting, promptBlocks] = await load();
    expect(waiting).toBe(5);
    finish[0]?.();
    await first;
    for (let event = 0; event < 9; event += 1) await events.next();
    await expect.poll(async () => (await load())[0]).toBe(0);
    await expect.poll(async () => (await load())[1]).toBeGreaterThan(promptBlocks ?? Infinity);
    await events.return?.();
  });

  it('asks for adapter and rank, and passes transfer parameters on', async () => {
    const engine = await scene.engine(streams('x'));
    await scene.worker('a', engine.url, { rankCount: 2 });
    const { client } = await scene.router();
    const params = { do_remote_decode: true, remote_host: null };
    await collect(
      client.generate({
        ...request({ kv_transfer_params: params }),
        prompt: { tokens: Uint32Array.of(1), loraName: 'adapter', cacheSalt: 'salt' },
        constraints: { pinnedWorkerId: workerId('a'), pinnedRank: 1 },
      }),
    );
    expect(engine.bodies[0]).toMatchObject({
      model: 'adapter',
      cache_salt: 'salt',
      kv_transfer_params: params,
    });
    expect(engine.headers[0]).toMatchObject({ 'x-data-parallel-rank': '1', 'x-request-id': 'generated-1' });
  });

  it('passes what came before a break on, then fails without another attempt', async () => {
    const engine = await scene.engine((_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[{"text":"first"}]}\n\n', () => response.destroy());
    });
    const other = await scene.engine(streams('other'));
    const publisher = await scene.worker('a', engine.url);
    await scene.worker('b', other.url);
    publisher.publishStored(0, null, sequenceHashes(request().prompt.tokens, BLOCK_SIZE));
    publisher.flush();
    const { client } = await scene.router();
    await expect.poll(async () => (await client.bestWorkerId(request())).overlapBlocks).toBe(1);
    const seen: string[] = [];
    await expect(
      (async () => {
        for await (const event of client.generate(request())) seen.push(event.kind);
      })(),
    ).rejects.toMatchObject({ code: 'ENGINE_DISCONNECTED', grpcStatus: 'UNAVAILABLE', retryable: true });
    expect(seen).toEqual(['routed', 'chunk']);
    expect(other.bodies).toEqual([]);
    expect(await activeRequests(client)).toBe(0);
  });

  it.each([
    ['an error event', ['{"error":{"message":"out of blocks","code":500}}']],
    ['an end before anything was generated', []],
  ])('tries another worker after %s', async (_what, events) => {
    const broken = await scene.engine(sends(...events));
    const well = await scene.engine(streams('fine'));
    await scene.worker('a', broken.url);
    await scene.worker('b', well.url);
    const { client } = await scene.router();
    for (let round = 0; round < 3; round += 1)
      expect((await collect(client.generate(request())))[0]).toMatchObject({ decision: { workerId: 'b' } });
    expect(broken.bodies.length).toBeLessThanOrEqual(2);
  });

  it('does not blame a worker for a 4xx that it says in its stream, nor for being full', async () => {
    const refusing = await scene.engine(sends('{"error":{"message":"prompt too long","code":400}}'));
    await scene.worker('a', refusing.url);
    const { client, router } = await scene.router();
    await expect(collect(client.generate(request()))).rejects.toMatchObject({
      code: 'ENGINE_REFUSED',
      grpcStatus: 'INVALID_ARGUMENT',
      message: 'prompt too long',
    });
    const full = await scene.engine((_body, response) => response.writeHead(503).end('busy'));
    await scene.worker('b', full.url);
    const pinned = { ...request(), constraints: { pinnedWorkerId: workerId('b') } };
    await expect
      .poll(() => collect(client.generate(pinned)).catch((error: unknown) => error))
      .toMatchObject({ code: 'ENGINE_OVERLOADED', grpcStatus: 'RESOURCE_EXHAUSTED', message: 'busy' });
    const metrics = await (await fetch(router.metricsUrl())).text();
    expect(metrics).toContain('kvasir_router_workers{state="set_aside",service="prefill_router"} 0');
    expect(metrics).toContain(
      'kvasir_router_generate_calls_total{outcome="clientFault",service="prefill_router"} 1',
    );
  });

  it('does not try a request on a third worker that two have failed, and says what the last one did', async () => {
    const engines = [];
    for (const id of ['a', 'b', 'c', 'd']) {
      const engine = await scene.engine((_body, response) => response.writeHead(500).end('broken'));
      engines.push(engine);
      await scene.worker(id, engine.url);
    }
    const { client, router } = await scene.router();
    await expect(collect(client.generate(request()))).rejects.toMatchObject({
      code: 'ENGINE_ERROR_STATUS',
      grpcStatus: 'UNAVAILABLE',
      message: 'broken',
    });
    expect(engines.reduce((sum, { bodies }) => sum + bodies.length, 0)).toBe(2);
    const metrics = await (await fetch(router.metricsUrl())).text();
    expect(metrics).toContain(
      'kvasir_router_generate_retries_total{reason="workerFault",service="prefill_router"} 1',
    );
    expect(metrics).toContain('kvasir_router_active_bookings{service="prefill_router"} 0');
  });

  it('leaves a booking of the same id alone', async () => {
    const engine = await scene.engine(streams('x'));
    await scene.worker('a', engine.url);
    const { client } = await scene.router();
    const same = requestId('same');
    await client.findBestWorker({ requestId: same, prompt: { tokens: Uint32Array.of(1) } });
    await expect(collect(client.generate({ ...request(), requestId: same }))).rejects.toMatchObject({
      code: 'SCHED_DUPLICATE_REQUEST',
    });
    expect(await client.free(same)).toBe(true);
  });

  it('leaves no booking behind when many callers come and go', async () => {
    const engine = await scene.engine((_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      let sent = 0;
      const send = (): void => {
        if (response.destroyed) return;
        if ((sent += 1) > 20) response.end('data: [DONE]\n\n');
        else response.write('data: {"choices":[{"text":"t"}]}\n\n', () => setImmediate(send));
      };
      send();
    });
    await scene.worker('a', engine.url);
    await scene.worker('b', engine.url);
    const { client, router } = await scene.router();
    const prng = seededPrng(7);
    const visit = async (): Promise<void> => {
      for (let call = 0; call < 8; call += 1) {
        let left = Math.floor(prng() * 30);
        for await (const event of client.generate(request()))
          if (event.kind === 'chunk' && (left -= 1) < 0) break;
      }
    };
    await Promise.all(Array.from({ length: 32 }, visit));
    await expect.poll(() => activeRequests(client)).toBe(0);
    const metrics = await (await fetch(router.metricsUrl())).text();
    expect(metrics).toContain('kvasir_router_active_bookings{service="prefill_router"} 0');
    expect(metrics).not.toContain('outcome="workerFault"');
  });

  it.each(['{', '[1]', '"text"'])('refuses sampling fields %s', async (json) => {
    const engine = await scene.engine(streams('x'));
    await scene.worker('a', engine.url);
    const { client } = await scene.router();
    const bad = { ...request(), samplingJson: Buffer.from(json) };
    await expect(collect(client.generate(bad))).rejects.toMatchObject({ code: 'RPC_INVALID_FIELD' });
    expect(engine.bodies).toEqual([]);
  });
});
