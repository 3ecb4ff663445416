import type { GenerateEvent, RouterClient } from '@kvasir/rpc';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Scene, streams } from './scene.js';

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
    // Set aside after its first fault.
    expect(broken.bodies.length).toBeLessThanOrEqual(1);
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

  it.each(['{', '[1]', '"text"'])('refuses sampling fields %s', async (json) => {
    const engine = await scene.engine(streams('x'));
    await scene.worker('a', engine.url);
    const { client } = await scene.router();
    const bad = { ...request(), samplingJson: Buffer.from(json) };
    await expect(collect(client.generate(bad))).rejects.toMatchObject({ code: 'RPC_INVALID_FIELD' });
    expect(engine.bodies).toEqual([]);
  });
});
