import { DEFAULT_SEED, mediaContent, namespaceSeed, PromptBlocks, sequenceHashes } from '@kvasir/block-hash';
import type { CacheNamespace } from '@kvasir/block-hash';
import { eventFormats, ZmqEventPublisher } from '@kvasir/engine-events';
import type { InProcessRegistry } from '@kvasir/registry';
import { publishKvEvents } from '@kvasir/rpc';
import type { PublishedKvEvent } from '@kvasir/rpc';
import { freePort, freePorts } from '@kvasir/testkit';
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EngineAgent } from '@kvasir/engine-agent';
import { SOON, endpoint, Fleet, keysOf, PROMPT, PROMPT_KEYS, complete } from './engine-agent-scene.js';

describe('the engine agent', () => {
  let fleet: Fleet;
  let ports: { http: number; events: number; replay: number };
  const flags = (): string[] => [
    ...['--url', `http://127.0.0.1:${ports.http}`, '--worker-id', 'w1'],
    ...['--kv-events', `tcp://127.0.0.1:${ports.events}`, '--kv-replay', `tcp://127.0.0.1:${ports.replay}`],
  ];

  beforeEach(async () => {
    fleet = new Fleet();
    ports = { http: await freePort(), events: await freePort(), replay: await freePort() };
  });
  afterEach(() => fleet.close());

  it.each(eventFormats)(
    'registers an engine with what it says of itself, and tells its cache (%s)',
    async (format) => {
      const engine = await fleet.engine(ports, '--kv-events-format', format);
      // Published before anybody listens.
      await complete(engine.url());
      await fleet.agent(...flags());
      const held = await fleet.follow();
      expect(fleet.workers()).toMatchObject([
        {
          workerId: 'w1',
          url: engine.url(),
          model: 'kvasir-mock',
          blockSize: 16,
          contextTokensMax: 131_072,
          kvBlocksTotal: 16_384,
        },
      ]);
      await vi.waitFor(() => expect([...held].sort()).toEqual(PROMPT_KEYS));
      await fetch(`${engine.url()}/reset_prefix_cache`, { method: 'POST' });
      await vi.waitFor(() => expect(held.size).toBe(0));
    },
  );

  it.each(['vllm-array', 'vllm-map', 'sglang'] as const)(
    'tells blocks of adapters and of salts apart from plain ones (%s)',
    async (format) => {
      const engine = await fleet.engine(ports, '--kv-events-format', format, '--lora-names', 'sql');
      await fleet.agent(...flags());
      const held = await fleet.follow();
      const keysWith = (namespace: CacheNamespace): readonly string[] =>
        keysOf(sequenceHashes(Uint32Array.from(PROMPT), 16, namespaceSeed(namespace)));
      const sql = keysWith({ loraName: 'sql' });
      const salted = keysWith({ cacheSalt: 'tenant' });
      const both = keysWith({ loraName: 'sql', cacheSalt: 'tenant' });
      await complete(engine.url(), {}, { model: 'sql' });
      await vi.waitFor(() => expect([...held].sort()).toEqual([...sql].sort()));
      await complete(engine.url(), {}, { cache_salt: 'tenant' });
      await complete(engine.url(), {}, { model: 'sql', cache_salt: 'tenant' });
      await vi.waitFor(() => expect([...held].sort()).toEqual([...sql, ...salted, ...both].sort()));
    },
  );

  it('follows the adapters that an engine loads and unloads', async () => {
    const engine = await fleet.engine(ports, '--lora-names', 'sql');
    await fleet.agent(...flags());
    const change = (verb: string, lora_name: string): Promise<Response> =>
      fetch(`${engine.url()}/v1/${verb}_lora_adapter`, {
        method: 'POST',
        body: JSON.stringify({ lora_name, lora_path: '/adapters/x' }),
      });
    expect(fleet.workers()[0]?.loraNames).toEqual(['sql']);
    await change('load', 'poetry');
    await vi.waitFor(() => expect(fleet.workers()[0]?.loraNames).toEqual(['sql', 'poetry']), SOON);
    const { incarnation } = fleet.workers()[0] ?? {};
    await change('unload', 'sql');
    await vi.waitFor(() => expect(fleet.workers()[0]?.loraNames).toEqual(['poetry']), SOON);
    expect(fleet.workers()[0]?.incarnation).toBe(incarnation);
  });

  it.each([
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [['*'], null],
  ])('takes adapters that it is told of, %j', async (given, told) => {
    await fleet.engine(ports, '--lora-names', 'sql');
    await fleet.agent(...flags(), ...given.flatMap((name) => ['--lora-names', name]));
    expect(fleet.workers()[0]?.loraNames).toEqual(told);
  });

  it('tells the caches of two data-parallel ranks apart', async () => {
    ports = { http: await freePort(), events: await freePorts(2), replay: await freePorts(2) };
    const engine = await fleet.engine(ports, '--data-parallel-size', '2');
    await fleet.agent(...flags(), '--data-parallel-ranks', '2');
    expect(fleet.workers()).toMatchObject([{ rankStart: 0, rankCount: 2 }]);
    const perRank = await fleet.followRanks();
    await complete(engine.url(), { 'X-data-parallel-rank': '1' });
    await vi.waitFor(() => expect(perRank.get(1)).toBe(PROMPT_KEYS.length), { timeout: 5_000 });
    expect(perRank.get(0) ?? 0).toBe(0);
    await complete(engine.url(), { 'X-data-parallel-rank': '0' });
    await vi.waitFor(() => expect(perRank.get(0)).toBe(PROMPT_KEYS.length), { timeout: 5_000 });
  });

  it('waits for an engine that is not there yet, and makes a new life of one that comes back', async () => {
    const agent = await fleet.agent(...flags());
    expect(agent.readiness()).toEqual({ kind: 'notReady', reason: 'w1: its health route does not answer' });
    const held = await fleet.follow();
    const first = await fleet.engine(ports);
    await vi.waitFor(() => expect(agent.readiness()).toEqual({ kind: 'ready' }));
    await complete(first.url());
    await vi.waitFor(() => expect(held.size).toBe(PROMPT_KEYS.length));
    const before = fleet.workers()[0]?.incarnation;
    await first.close();
    await vi.waitFor(() => expect(fleet.workers()).toEqual([]));
    const second = await fleet.engine(ports);
    await vi.waitFor(() => expect(fleet.workers()).toHaveLength(1));
    expect(fleet.workers()[0]?.incarnation).not.toBe(before);
    await vi.waitFor(() => expect(held.size).toBe(0));
    await complete(second.url());
    await vi.waitFor(() => expect([...held].sort()).toEqual(PROMPT_KEYS), { timeout: 10_000 });
  });

  it('notices by the numbers alone that an engine has started anew between two probes', async () => {
    // An engine of HTTP answers and golden bytes: what a test in another language would send.
    const engine = createServer((request, response) => {
      if (request.url === '/v1/models') response.end('{"data":[{"id":"m","max_model_len":1000}]}');
      else if (request.url === '/metrics')
        response.end('vllm:cache_config_info{block_size="2",num_gpu_blocks="9"} 1\n');
      else response.end();
    });
    await new Promise<void>((resolve) => engine.listen(ports.http, '127.0.0.1', resolve));
    const golden = Buffer.from(
      '93cb3ff0000000000000919aab426c6f636b53746f72656491cfffffffffffffffffc092010202c0a3475055c0c0c0c0',
      'hex',
    );
    const sockets = {
      endpoint: `tcp://127.0.0.1:${ports.events}`,
      replayEndpoint: `tcp://127.0.0.1:${ports.replay}`,
      topic: 'kv@w1@m',
    };
    const publisher = new ZmqEventPublisher(sockets);
    await publisher.start();
    publisher.publish(golden);
    await fleet.agent(...flags());
    const held = await fleet.follow();
    const keys = keysOf(sequenceHashes(Uint32Array.of(1, 2), 2));
    await vi.waitFor(() => expect([...held]).toEqual(keys));
    const cleared = Buffer.from(
      '93cb3ff00000000000009181a474797065b0416c6c426c6f636b73436c656172656400',
      'hex',
    );
    // Enough that the new life's numbers are lower ones when it is heard first: some are lost until the sockets are connected again.
    for (let index = 0; index < 200; index += 1) publisher.publish(cleared);
    await vi.waitFor(() => expect(held.size).toBe(0));
    const before = fleet.workers()[0]?.incarnation;
    await publisher.close();
    const anew = new ZmqEventPublisher(sockets);
    // The old socket lets go of its port a moment later.
    await vi.waitFor(() => anew.start(), { timeout: 5_000 });
    await vi.waitFor(
      () => {
        anew.publish(golden);
        expect(fleet.workers()[0]?.incarnation).not.toBe(before);
        expect([...held]).toEqual(keys);
      },
      { timeout: 15_000, interval: 100 },
    );
    await anew.close();
    engine.closeAllConnections();
    engine.close();
  });

  it('says why an engine cannot be registered, and registers it once that is over', async () => {
    const claim = await fleet.registry.claimPool(
      { endpoint, model: null, blockSize: 64 },
      'r1' as Parameters<InProcessRegistry['claimPool']>[1],
      60_000,
    );
    await fleet.engine(ports);
    const agent = await fleet.agent(...flags());
    expect(agent.readiness()).toMatchObject({ reason: expect.stringContaining('block size 16') as string });
    expect(fleet.workers()).toEqual([]);
    if (claim.kind === 'claimed') await claim.lease.release();
    await vi.waitFor(() => expect(agent.readiness()).toEqual({ kind: 'ready' }));
    expect(fleet.workers()).toMatchObject([{ workerId: 'w1', blockSize: 16 }]);
  });

  describe('with --kv-events grpc', () => {
    const stored = (
      hashes: bigint[],
      parent: bigint | null,
      tokens: readonly number[],
    ): Extract<PublishedKvEvent, { kind: 'stored' }> => ({
      kind: 'stored',
      hashes: BigUint64Array.from(hashes),
      parent,
      tokens: Uint32Array.from(tokens),
      blockSize: 16,
      loraName: null,
      cacheSalt: null,
    });
    const start = async (): Promise<{ agent: EngineAgent; held: ReadonlySet<string> }> => {
      await fleet.engine(ports);
      const agent = await fleet.agent(
        ...['--url', `http://127.0.0.1:${ports.http}`, '--worker-id', 'w1'],
        ...['--kv-events', 'grpc', '--grpc-port', '0'],
      );
      return { agent, held: await fleet.follow() };
    };

    it('takes what an engine tells of itself, and forgets it when a new stream begins', async () => {
      const { agent, held } = await start();
      const call = publishKvEvents(agent.grpcAddress());
      call.send({ kind: 'opened', workerId: 'w1', rank: 0 });
      // The second half comes first: it waits for its parent.
      call.send(stored([3n, 4n, 5n, 6n], 2n ** 64n - 2n, PROMPT.slice(32)));
      call.send(stored([1n, 2n ** 64n - 2n], null, PROMPT.slice(0, 32)));
      await vi.waitFor(() => expect([...held].sort()).toEqual(PROMPT_KEYS));
      call.send({ kind: 'removed', hashes: BigUint64Array.of(6n) });
      expect(await call.end()).toBe(4);
      await vi.waitFor(() => expect(held.size).toBe(PROMPT_KEYS.length - 1));
      const next = publishKvEvents(agent.grpcAddress());
      next.send({ kind: 'opened', workerId: 'w1', rank: 0 });
      next.send(stored([9n], null, PROMPT.slice(0, 16)));
      await vi.waitFor(() => expect(held.size).toBe(1));
      next.send({ kind: 'cleared' });
      await next.end();
      await vi.waitFor(() => expect(held.size).toBe(0));
    });

    it('takes blocks of media by their content', async () => {
      const { agent, held } = await start();
      const call = publishKvEvents(agent.grpcAddress());
      call.send({ kind: 'opened', workerId: 'w1', rank: 0 });
      call.send({ ...stored([1n, 2n, 3n], null, PROMPT.slice(0, 48)), media: new Map([[1, ['cat']]]) });
      const content = mediaContent('cat');
      const prompt = new PromptBlocks(Uint32Array.from(PROMPT.slice(0, 48)), 16, DEFAULT_SEED, [
        { content, firstToken: 20, tokenCount: 9 },
      ]);
      prompt.hashTo(3);
      await vi.waitFor(() => expect([...held].sort()).toEqual(keysOf(prompt.words).sort()));
      call.send({ ...stored([4n], null, PROMPT.slice(0, 16)), media: new Map([[1, ['cat']]]) });
      await expect(call.end()).rejects.toMatchObject({
        code: 'RPC_INVALID_FIELD',
        message: 'Cannot take a KV event: media of block 1 of 1 must be texts that are not empty',
      });
    });

    it.each<[string, PublishedKvEvent[], string]>([
      ['that is not opened', [{ kind: 'cleared' }], 'AGENT_STREAM_NOT_OPENED'],
      ['of another engine', [{ kind: 'opened', workerId: 'w2', rank: 0 }], 'AGENT_UNKNOWN_ENGINE'],
      ['of a rank it has not', [{ kind: 'opened', workerId: 'w1', rank: 1 }], 'AGENT_UNKNOWN_ENGINE'],
      [
        'with too few tokens',
        [{ kind: 'opened', workerId: 'w1', rank: 0 }, stored([1n], null, [1, 2, 3])],
        'RPC_INVALID_FIELD',
      ],
    ])('refuses a stream %s', async (_, events, code) => {
      const { agent, held } = await start();
      const call = publishKvEvents(agent.grpcAddress());
      for (const event of events) call.send(event);
      await expect(call.end()).rejects.toMatchObject({ code });
      expect(held.size).toBe(0);
    });
  });
});
