/** Strangers on the plane: whatever they send, other workers' sets stay exact, a worker that they name is right again soon, and nobody is asked without end. */
import {
  encodeKvAnnouncement,
  encodeKvEventBatch,
  EVENTS_MAX,
  subjects,
  WireHeader,
  type KvEvent,
  type KvSource,
} from '@kvasir/contract';
import { SetDigest } from '@kvasir/radix-index';
import { VirtualClock } from '@kvasir/testkit';
import { incarnation, seededPrng, workerId, type Prng } from '@kvasir/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InProcessEventPlane } from './in-process-event-plane.js';
import { KvEventPublisher } from './kv-event-publisher.js';
import { KvEventSubscriber } from './kv-event-subscriber.js';
import { KV_SUBSCRIBER_LIMITS } from './rank-follower.js';
import { blockWords } from './testing/block-tree.js';
import { BlockSets, RandomEngine } from './testing/index.js';

const endpoint = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };
const life = incarnation('0193c1d2e3f4-9a8b7c6d');
const later = incarnation('0293c1d2e3f4-9a8b7c6d');
const [victim, bystander] = [workerId('victim'), workerId('bystander')];
const source: KvSource = { workerId: victim, incarnation: life, rank: 0 };

/** A consumer that says what its set adds up to. */
class DigestedSets extends BlockSets {
  digest({ workerId: id, rank }: KvSource) {
    const digest = new SetDigest();
    const words = blockWords(this.held(id, rank));
    for (let at = 0; at < words.length; at += 2) digest.add(words[at] ?? 0, words[at + 1] ?? 0);
    return digest;
  }
}

describe('strangers on the event plane', () => {
  let clock: VirtualClock;
  let plane: InProcessEventPlane;
  let sink: DigestedSets;
  let subscriber: KvEventSubscriber;
  const engines = new Map<string, RandomEngine>();

  beforeEach(async () => {
    clock = new VirtualClock();
    plane = new InProcessEventPlane({ clock });
    sink = new DigestedSets();
    subscriber = new KvEventSubscriber({ plane, clock, prng: seededPrng(5), endpoint, sink });
    await subscriber.start();
    for (const id of [victim, bystander]) {
      const worker = { workerId: id, incarnation: life, rankStart: 0, rankCount: 1 };
      const publisher = new KvEventPublisher({ plane, clock, endpoint, ...worker });
      await publisher.start();
      engines.set(id, new RandomEngine(publisher, 1, seededPrng(4)));
      subscriber.follow(worker);
    }
    await clock.advanceAsync(10);
  });
  afterEach(async () => {
    for (const { publisher } of engines.values()) await publisher.close();
    await subscriber.close();
    expect(clock.pendingTimerCount).toBe(0);
  });

  const send = (payload: Uint8Array, id = victim): void =>
    plane.publish(subjects.kvEvents(endpoint, id, 0), payload);
  const forge = (batchNumber: number, events: readonly KvEvent[], of: KvSource = source): void =>
    send(encodeKvEventBatch({ ...of, batchNumber, events }));
  const work = async (steps: number): Promise<void> => {
    for (let step = 0; step < steps; step += 1) {
      for (const engine of engines.values()) engine.act();
      await clock.advanceAsync(3);
    }
    // A batch of each is on its way for a moment.
    await clock.advanceAsync(5);
  };
  const isExact = (id: typeof victim): void => expect(sink.held(id, 0)).toEqual(engines.get(id)?.held(0));

  it.each([
    ['far beyond what can be', Number.MAX_SAFE_INTEGER],
    ['a little ahead', 5_000],
  ])('a forged clear with a number %s does not freeze a worker', async (_how, batchNumber) => {
    await work(100);
    forge(batchNumber, [{ kind: 'cleared' }]);
    await work(10);
    isExact(bystander);
    await clock.advanceAsync(2 * KV_SUBSCRIBER_LIMITS.doubtMs + 1_000);
    isExact(victim);
    await work(100);
    isExact(victim);
  });

  it('blocks forged for a worker that says nothing are gone within seconds, also before it has published anything', async () => {
    forge(1, [{ kind: 'stored', parent: null, hashes: blockWords([7_777]) }]);
    await clock.advanceAsync(5);
    expect(sink.held(victim, 0)).toEqual([7_777]);
    await clock.advanceAsync(2 * KV_SUBSCRIBER_LIMITS.doubtMs + 2_000);
    expect(sink.held(victim, 0)).toEqual([]);
    await work(50);
    isExact(victim);
  });

  it('a forged later life changes nothing', async () => {
    await work(50);
    forge(1, [{ kind: 'cleared' }], { ...source, incarnation: later });
    await work(50);
    isExact(victim);
    expect(subscriber.counts().foreignMessages).toBe(1);
  });

  it('announcements of what does not exist make nobody ask without end', async () => {
    const header = new WireHeader(source);
    const asked = (): number => {
      const { answersByBatches, answersBySnapshot } = engines.get(victim)?.publisher.counts() ?? NONE;
      return answersByBatches + answersBySnapshot;
    };
    await work(20);
    const before = asked();
    // 10 s, at 1,000 a second.
    for (let ms = 0; ms < 10_000; ms += 1) {
      send(encodeKvAnnouncement(header, 1_000_000 + ms));
      await clock.advanceAsync(1);
    }
    expect(asked() - before).toBeLessThan(60);
    await clock.advanceAsync(2_000);
    await work(50);
    isExact(victim);
    isExact(bystander);
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'a flood of anything leaves bystanders exact, and the victim soon (seed %i)',
    async (seed) => {
      const prng = seededPrng(seed);
      const header = new WireHeader(source);
      for (let step = 0; step < 300; step += 1) {
        for (const engine of engines.values()) if (prng() < 0.5) engine.act();
        for (let forged = 0; forged < 10; forged += 1)
          if (prng() < 0.3) send(encodeKvAnnouncement(header, anyNumber(prng), anyDigest(prng)));
          else if (prng() < 0.1) send(Uint8Array.from({ length: 40 }, () => prng() * 256));
          else forge(Math.max(1, anyNumber(prng)), [anyEvent(prng)]);
        await clock.advanceAsync(3);
        if (step % 20 !== 0) continue;
        await clock.advanceAsync(5);
        isExact(bystander);
      }
      await clock.advanceAsync(2 * KV_SUBSCRIBER_LIMITS.resyncMsMax);
      isExact(victim);
      isExact(bystander);
      expect(subscriber.isSettled()).toBe(true);
    },
  );

  it('a message of as many events as fit is refused at once', async () => {
    forge(
      1,
      Array.from({ length: EVENTS_MAX + 1 }, () => ({ kind: 'cleared' })),
    );
    await clock.advanceAsync(5);
    expect(subscriber.counts().malformedMessages).toBe(1);
  });
});

const NONE = { answersByBatches: 0, answersBySnapshot: 0 };

function anyNumber(prng: Prng): number {
  const scale = [3, 50, 1_000, 100_000, 2 ** 40, Number.MAX_SAFE_INTEGER];
  return Math.floor(prng() * (scale[Math.floor(prng() * scale.length)] ?? 1));
}

const anyDigest = (prng: Prng) =>
  prng() < 0.3 ? null : { lo: prng() * 2 ** 32, hi: prng() * 2 ** 32, blockCount: Math.floor(prng() * 99) };

function anyEvent(prng: Prng): KvEvent {
  const hashes = blockWords([Math.floor(prng() * 200)]);
  if (prng() < 0.3) return { kind: 'cleared' };
  if (prng() < 0.5) return { kind: 'removed', hashes };
  return { kind: 'stored', parent: prng() < 0.5 ? null : blockWords([Math.floor(prng() * 200)]), hashes };
}
