import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNatsServer, VirtualClock } from '@kvasir/testkit';
import type { ServerProcess } from '@kvasir/testkit';
import { systemClock } from '@kvasir/service';
import { incarnation, seededPrng, workerId } from '@kvasir/units';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectNatsEventPlane, EventPlaneError, KvEventPublisher, KvEventSubscriber } from '../src/index.js';
import type { NatsEventPlane, PlaneTrouble } from '../src/index.js';
import { blockWords } from '../src/testing/block-tree.js';
import { BlockSets, eventPlaneContract, RandomEngine } from '../src/testing/index.js';

/** Arguments for a server with a configuration file. */
function configured(text: string): readonly string[] {
  const path = join(mkdtempSync(join(tmpdir(), 'kvasir-nats-config-')), 'nats.conf');
  writeFileSync(path, `${text}\n`);
  return ['-c', path];
}

let server: ServerProcess;
beforeAll(async () => {
  server = await startNatsServer();
});
afterAll(() => server.stop());

const urls = (): readonly string[] => [`nats://127.0.0.1:${server.port}`];

eventPlaneContract('NatsEventPlane', () => {
  const clock = new VirtualClock();
  const planes: NatsEventPlane[] = [];
  return Promise.resolve({
    async connect(onTrouble) {
      const plane = await connectNatsEventPlane({ urls: urls(), name: 'test', clock, onTrouble });
      planes.push(plane);
      return plane;
    },
    advance: (durationMs) => clock.advanceAsync(durationMs),
    async close() {
      for (const plane of planes) await plane.close();
    },
  });
});

describe('NatsEventPlane', () => {
  const planes: NatsEventPlane[] = [];
  const connect = async (
    options: { pendingMessagesMax?: number; onTrouble?: (trouble: PlaneTrouble) => void } = {},
  ) => {
    const plane = await connectNatsEventPlane({
      urls: urls(),
      name: 'test',
      clock: systemClock,
      ...(options.onTrouble === undefined ? {} : { onTrouble: options.onTrouble }),
      ...(options.pendingMessagesMax === undefined
        ? {}
        : { limits: { pendingMessagesMax: options.pendingMessagesMax } }),
    });
    planes.push(plane);
    return plane;
  };
  afterEach(async () => {
    for (const plane of planes.splice(0)) await plane.close();
  });

  it('does not let a large answer overrun its asker', async () => {
    const [one, other] = [await connect(), await connect()];
    const chunk = new Uint8Array(65_536);
    let sent = 0;
    one.serve('snapshot', async function* () {
      for (let part = 0; part < 640; part += 1) {
        await Promise.resolve();
        sent += 1;
        yield chunk;
      }
    });
    await one.flush();
    let received = 0;
    let mostAhead = 0;
    for await (const part of other.request('snapshot', new Uint8Array(1), 5_000)) {
      received += part.byteLength;
      mostAhead = Math.max(mostAhead, sent - received / chunk.byteLength);
    }
    expect(received).toBe(640 * 65_536);
    expect(mostAhead).toBeLessThanOrEqual(18);
  });

  it('drops for a slow subscription only, counts and reports it', async () => {
    const troubles: PlaneTrouble[] = [];
    const slow = await connect({ pendingMessagesMax: 4, onTrouble: (trouble) => troubles.push(trouble) });
    const publisher = await connect();
    const subscription = slow.subscribe('burst', () => undefined);
    await slow.flush();
    for (let message = 0; message < 2_000; message += 1) publisher.publish('burst', new Uint8Array(8));
    await vi.waitFor(() => expect(subscription.droppedMessages).toBeGreaterThan(0));
    expect(troubles[0]).toMatchObject({ kind: 'slowConsumer', pattern: 'burst' });
  });

  it('refuses a payload that the server does not take', async () => {
    const plane = await connect();
    expect(() => plane.publish('large', new Uint8Array(2_000_000))).toThrow(
      expect.objectContaining({ code: 'EVENT_PLANE_PAYLOAD_TOO_LARGE' }) as Error,
    );
  });

  it('a router that starts anew gets the whole set of a server that takes short payloads', async () => {
    const narrow = await startNatsServer(configured('max_payload: 65536'));
    const options = { urls: [`nats://127.0.0.1:${narrow.port}`], name: 'test', clock: systemClock };
    const [engineSide, routerSide] = [
      await connectNatsEventPlane(options),
      await connectNatsEventPlane(options),
    ];
    expect(engineSide.payloadBytesMax).toBeLessThan(65_536);
    const endpoint = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };
    const worker = { workerId: workerId('w'), incarnation: incarnation('0001'), rankStart: 0, rankCount: 1 };
    const publisher = new KvEventPublisher({ plane: engineSide, clock: systemClock, endpoint, ...worker });
    await publisher.start();
    // Long chains, and single blocks beside one another: 20,000 blocks.
    const blocks = (from: number, count: number): Uint32Array =>
      blockWords(Array.from({ length: count }, (_, at) => from + at));
    publisher.publishStored(0, null, blocks(1, 10_000));
    for (let block = 0; block < 10_000; block += 1)
      publisher.publishStored(0, blocks(1, 1), blocks(20_000 + block, 1));
    publisher.flush();
    await engineSide.flush();
    const sink = new BlockSets();
    const prng = seededPrng(3);
    const subscriber = new KvEventSubscriber({ plane: routerSide, clock: systemClock, prng, endpoint, sink });
    await subscriber.start();
    subscriber.follow(worker);
    await vi.waitFor(() => expect(sink.held(worker.workerId, 0)).toHaveLength(20_000), { timeout: 20_000 });
    expect(subscriber.counts().failedRecoveries).toBe(0);
    expect(publisher.counts().failedSends).toBe(0);
    await subscriber.close();
    await publisher.close();
    for (const plane of [engineSide, routerSide]) await plane.close();
    await narrow.stop();
  });

  it('refuses at the start a server that takes too little for anything to work', async () => {
    const tiny = await startNatsServer(configured('max_payload: 4096'));
    await expect(
      connectNatsEventPlane({ urls: [`nats://127.0.0.1:${tiny.port}`], name: 'test', clock: systemClock }),
    ).rejects.toMatchObject({
      code: 'EVENT_PLANE_PAYLOAD_LIMIT_TOO_LOW',
      message: `Cannot use NATS at 127.0.0.1:${tiny.port}: its max_payload is 4096 bytes, at least 8192 are needed`,
    });
    await tiny.stop();
  });

  it('says where it cannot connect, without the credentials, and when they are wrong', async () => {
    const attempt = async (url: string): Promise<unknown> =>
      await connectNatsEventPlane({ urls: [url], name: 'test', clock: systemClock }).catch(
        (error: unknown) => error,
      );
    const nobody = await attempt('nats://me:secret@127.0.0.1:1');
    expect(nobody).toBeInstanceOf(EventPlaneError);
    expect(nobody).toMatchObject({
      code: 'EVENT_PLANE_UNREACHABLE',
      message: 'Cannot connect to NATS at nats://127.0.0.1:1: nobody listens there',
    });
    const guarded = await startNatsServer(['--user', 'me', '--pass', 'secret']);
    expect(await attempt(`nats://me:wrong@127.0.0.1:${guarded.port}`)).toMatchObject({
      code: 'EVENT_PLANE_UNAUTHORIZED',
      message: `Cannot connect to NATS at nats://127.0.0.1:${guarded.port}: the server refuses the credentials`,
    });
    const plane = await attempt(`nats://me:secret@127.0.0.1:${guarded.port}`);
    expect(plane).toMatchObject({ droppedPublishes: 0 });
    await (plane as NatsEventPlane).close();
    await guarded.stop();
  });

  it('comes back with its subscriptions and servers after its server was killed, and says so meanwhile', async () => {
    const [one, other] = [await connect(), await connect()];
    const received: number[] = [];
    other.subscribe('news', ({ payload }) => received.push(payload[0] ?? -1));
    one.serve('asked', async function* () {
      await Promise.resolve();
      yield Uint8Array.of(7);
    });
    await Promise.all([one.flush(), other.flush()]);
    await server.kill();
    await vi.waitFor(() => {
      expect(one.health().kind).toBe('disconnected');
      expect(other.health().kind).toBe('disconnected');
    });
    one.publish('news', Uint8Array.of(1));
    await one.flush();
    expect(one.droppedPublishes).toBe(1);
    await server.restart();
    await vi.waitFor(
      () => {
        expect(one.health().kind).toBe('connected');
        expect(other.health().kind).toBe('connected');
      },
      { timeout: 10_000 },
    );
    await Promise.all([one.flush(), other.flush()]);
    one.publish('news', Uint8Array.of(2));
    await vi.waitFor(() => expect(received).toEqual([2]));
    const answers: number[] = [];
    for await (const chunk of other.request('asked', Uint8Array.of(0), 2_000)) answers.push(...chunk);
    expect(answers).toEqual([7]);
  });

  it('carries KV events through an outage: sets are equal again when the server is back', async () => {
    const prng = seededPrng(11);
    const [engineSide, routerSide] = [await connect(), await connect()];
    const endpoint = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };
    const worker = { workerId: workerId('w'), incarnation: incarnation('0001'), rankStart: 0, rankCount: 2 };
    const publisher = new KvEventPublisher({ plane: engineSide, clock: systemClock, endpoint, ...worker });
    await publisher.start();
    const engine = new RandomEngine(publisher, 2, prng);
    const sink = new BlockSets();
    const subscriber = new KvEventSubscriber({ plane: routerSide, clock: systemClock, prng, endpoint, sink });
    await subscriber.start();
    subscriber.follow(worker);
    const act = (): void => {
      for (let step = 0; step < 300; step += 1) engine.act();
    };
    const areEqual = (): void => {
      for (const rank of [0, 1]) expect(sink.held(worker.workerId, rank)).toEqual(engine.held(rank));
    };
    act();
    await vi.waitFor(areEqual, { timeout: 5_000 });
    await server.kill();
    await vi.waitFor(() => expect(routerSide.health().kind).toBe('disconnected'));
    act();
    await server.restart();
    act();
    await vi.waitFor(areEqual, { timeout: 20_000, interval: 100 });
    await subscriber.close();
    await publisher.close();
  });
});
