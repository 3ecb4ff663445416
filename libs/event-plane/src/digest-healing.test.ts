/** Sets that have become wrong without any message being lost: noticed by the publisher's digest, and replaced. */
import { SetDigest } from '@kvasir/radix-index';
import type { KvSource } from '@kvasir/contract';
import { VirtualClock } from '@kvasir/testkit';
import { incarnation, seededPrng, workerId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { InProcessEventPlane } from './in-process-event-plane.js';
import { KvEventPublisher } from './kv-event-publisher.js';
import { KvEventSubscriber } from './kv-event-subscriber.js';
import { KV_PUBLISHER_LIMITS } from './rank-publisher.js';
import { BlockSets, FaultyEventPlane, RandomEngine } from './testing/index.js';
import { blockWords } from './testing/block-tree.js';

const endpoint = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };
const worker = { workerId: workerId('w'), incarnation: incarnation('0001'), rankStart: 0, rankCount: 1 };
const source: KvSource = { ...worker, rank: 0 };

/** A consumer that says what its set adds up to. */
class DigestedSets extends BlockSets {
  digest({ workerId: id, rank }: KvSource) {
    const digest = new SetDigest();
    const words = blockWords(this.held(id, rank));
    for (let at = 0; at < words.length; at += 2) digest.add(words[at] ?? 0, words[at + 1] ?? 0);
    return digest;
  }
}

async function scene(faults: { lose: number; duplicate: number; delay: number } | null) {
  const clock = new VirtualClock();
  const inner = new InProcessEventPlane({ clock });
  const plane =
    faults === null ? inner : new FaultyEventPlane(inner, seededPrng(3), { ...faults, breakRequest: 0 });
  const publisher = new KvEventPublisher({ plane, clock, endpoint, ...worker });
  await publisher.start();
  const engine = new RandomEngine(publisher, 1, seededPrng(4));
  const sink = new DigestedSets();
  const subscriber = new KvEventSubscriber({ plane, clock, prng: seededPrng(5), endpoint, sink });
  await subscriber.start();
  subscriber.follow(worker);
  const act = async (steps: number): Promise<void> => {
    for (let step = 0; step < steps; step += 1) {
      engine.act();
      await clock.advanceAsync(3);
    }
  };
  return { clock, engine, sink, subscriber, act };
}

const PERIOD_MS = KV_PUBLISHER_LIMITS.announceMs;

describe('digests', () => {
  it('agree while nothing is wrong', async () => {
    const { act, subscriber, clock } = await scene(null);
    await act(300);
    await clock.advanceAsync(3 * PERIOD_MS);
    expect(subscriber.counts()).toMatchObject({ digestMismatches: 0, resyncs: 0 });
    expect(subscriber.counts().verifiedDigests).toBeGreaterThan(2);
  });

  it('show a set that has become wrong, which is right again within one period', async () => {
    const { act, engine, sink, subscriber, clock } = await scene(null);
    await act(200);
    await clock.advanceAsync(10);
    const held = sink.held(worker.workerId, 0);
    expect(held).toEqual(engine.held(0));
    expect(held.length).toBeGreaterThan(3);
    // Corrupted on purpose: some blocks are lost, and some were never stored.
    sink.batch({
      ...source,
      batchNumber: 1,
      events: [{ kind: 'removed', hashes: blockWords(held.slice(0, 2)) }],
    });
    sink.batch({
      ...source,
      batchNumber: 1,
      events: [{ kind: 'stored', parent: null, hashes: blockWords([9_999]) }],
    });
    expect(sink.held(worker.workerId, 0)).not.toEqual(engine.held(0));
    await clock.advanceAsync(PERIOD_MS + 10);
    expect(sink.held(worker.workerId, 0)).toEqual(engine.held(0));
    expect(subscriber.counts()).toMatchObject({ digestMismatches: 1, resyncs: 1 });
    await clock.advanceAsync(5 * PERIOD_MS);
    expect(subscriber.counts().digestMismatches).toBe(1);
  });

  it('show at once a snapshot that was not taken as it was sent', async () => {
    const { act, engine, sink, subscriber, clock } = await scene(null);
    await act(200);
    await clock.advanceAsync(10);
    const take = sink.snapshotChain.bind(sink);
    // A consumer that loses a part of the first snapshot.
    let isLossy = true;
    sink.snapshotChain = (of, chain) => {
      if (isLossy) isLossy = false;
      else take(of, chain);
    };
    subscriber.unfollow(worker.workerId);
    subscriber.follow(worker);
    await clock.advanceAsync(10);
    expect(subscriber.counts().digestMismatches).toBe(1);
    expect(sink.held(worker.workerId, 0)).toEqual(engine.held(0));
  });

  it('agree after a tenth of the batches was lost, others came twice or late', async () => {
    const { act, engine, sink, subscriber, clock } = await scene({ lose: 0.1, duplicate: 0.1, delay: 0.2 });
    await act(500);
    await clock.advanceAsync(20 * PERIOD_MS);
    expect(sink.held(worker.workerId, 0)).toEqual(engine.held(0));
    expect(subscriber.counts().digestMismatches).toBe(0);
    expect(subscriber.counts().verifiedDigests).toBeGreaterThan(5);
  });
});
