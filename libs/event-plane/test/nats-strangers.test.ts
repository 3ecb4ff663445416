/** Strangers on a real nats-server, 10,000 messages a second: other workers' sets stay exact, the one that they name is right again, memory stays bounded. */
import {
  encodeKvAnnouncement,
  encodeKvEventBatch,
  subjects,
  WireHeader,
  type KvEvent,
  type KvSource,
} from '@kvasir/contract';
import { SetDigest } from '@kvasir/radix-index';
import { systemClock } from '@kvasir/service';
import { startNatsServer } from '@kvasir/testkit';
import type { ServerProcess } from '@kvasir/testkit';
import { incarnation, seededPrng, workerId } from '@kvasir/units';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { connectNatsEventPlane, KvEventPublisher, KvEventSubscriber } from '../src/index.js';
import { blockWords } from '../src/testing/block-tree.js';
import { BlockSets, RandomEngine } from '../src/testing/index.js';

const endpoint = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };
const life = incarnation('0193c1d2e3f4-9a8b7c6d');
const [victim, bystander] = [workerId('victim'), workerId('bystander')];
const source: KvSource = { workerId: victim, incarnation: life, rank: 0 };
const MESSAGES = 50_000;
const RSS_GROWTH_BYTES_MAX = 400_000_000;

class DigestedSets extends BlockSets {
  digest({ workerId: id, rank }: KvSource) {
    const digest = new SetDigest();
    const words = blockWords(this.held(id, rank));
    for (let at = 0; at < words.length; at += 2) digest.add(words[at] ?? 0, words[at + 1] ?? 0);
    return digest;
  }
}

let server: ServerProcess;
beforeAll(async () => {
  server = await startNatsServer();
});
afterAll(() => server.stop());

it(
  'a flood of forged messages leaves bystanders exact and memory bounded',
  { timeout: 120_000 },
  async () => {
    const connect = () =>
      connectNatsEventPlane({
        urls: [`nats://127.0.0.1:${server.port}`],
        name: 'test',
        clock: systemClock,
      });
    const [engines, router, stranger] = [await connect(), await connect(), await connect()];
    const sink = new DigestedSets();
    const subscriber = new KvEventSubscriber({
      ...{ plane: router, clock: systemClock, prng: seededPrng(5), endpoint, sink },
      limits: { resyncMsMin: 500, resyncMsMax: 2_000 },
    });
    await subscriber.start();
    const publishers = new Map<string, RandomEngine>();
    for (const id of [victim, bystander]) {
      const worker = { workerId: id, incarnation: life, rankStart: 0, rankCount: 1 };
      const publisher = new KvEventPublisher({ plane: engines, clock: systemClock, endpoint, ...worker });
      await publisher.start();
      publishers.set(id, new RandomEngine(publisher, 1, seededPrng(4)));
      subscriber.follow(worker);
    }
    const isExact = (id: typeof victim): void =>
      expect(sink.held(id, 0)).toEqual(publishers.get(id)?.held(0));
    const prng = seededPrng(9);
    const header = new WireHeader(source);
    const forged = (): Uint8Array => {
      const batchNumber = 1 + Math.floor(prng() * (prng() < 0.5 ? 1_000 : Number.MAX_SAFE_INTEGER - 2));
      if (prng() < 0.3) return encodeKvAnnouncement(header, batchNumber);
      if (prng() < 0.1) return Uint8Array.from({ length: 64 }, () => prng() * 256);
      const hashes = blockWords(Array.from({ length: 1 + Math.floor(prng() * 400) }, () => prng() * 1e6));
      const event: KvEvent =
        prng() < 0.3
          ? { kind: 'cleared' }
          : { kind: prng() < 0.5 ? 'removed' : 'stored', parent: null, hashes };
      return encodeKvEventBatch({ ...source, batchNumber, events: [event] });
    };
    const subject = subjects.kvEvents(endpoint, victim, 0);
    const rssBefore = process.memoryUsage.rss();
    for (let sent = 0; sent < MESSAGES; sent += 500) {
      for (const engine of publishers.values()) engine.act();
      for (let message = 0; message < 500; message += 1) stranger.publish(subject, forged());
      await stranger.flush();
    }
    await vi.waitFor(() => isExact(bystander), { timeout: 20_000 });
    expect(process.memoryUsage.rss() - rssBefore).toBeLessThan(RSS_GROWTH_BYTES_MAX);
    const { answersByBatches, answersBySnapshot } = publishers.get(victim)?.publisher.counts() ?? {
      answersByBatches: Infinity,
      answersBySnapshot: 0,
    };
    // Of tens of thousands of reasons to ask.
    expect(answersByBatches + answersBySnapshot).toBeLessThan(500);
    for (const engine of publishers.values()) engine.act();
    await vi.waitFor(() => isExact(victim), { timeout: 30_000, interval: 100 });
    isExact(bystander);
    await subscriber.close();
    for (const { publisher } of publishers.values()) await publisher.close();
    for (const plane of [engines, router, stranger]) await plane.close();
  },
);
