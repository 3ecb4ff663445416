import {
  encodeKvEventBatch,
  newIncarnation,
  subjects,
  type KvEventBatch,
  type KvSource,
} from '@kvasir/contract';
import { VirtualClock } from '@kvasir/testkit';
import { incarnation, seededPrng, workerId, type Incarnation } from '@kvasir/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InProcessEventPlane } from './in-process-event-plane.js';
import { KvEventPublisher } from './kv-event-publisher.js';
import type { KvEventSink } from './kv-event-sink.js';
import { KvEventSubscriber } from './kv-event-subscriber.js';
import type { KvSubscriberLimits, KvSubscriberTrouble } from './rank-follower.js';
import type { KvPublisherLimits } from './rank-publisher.js';
import { FaultyEventPlane } from './testing/index.js';

const endpoint = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };
const worker = workerId('w1');
const first = newIncarnation(1_000, () => 0.5);
const second = newIncarnation(2_000, () => 0.5);

const run = (...ids: number[]): Uint32Array => Uint32Array.from(ids.flatMap((id) => [id, 1_000 + id]));
const ids = (words: Uint32Array): number[] => [...words].filter((_, index) => index % 2 === 0);

/** Writes down what it is told. */
class RecordingSink implements KvEventSink {
  readonly told: string[] = [];
  /** What the next batches are answered with. */
  readonly answers: ('applied' | 'unknownParent' | Error)[] = [];

  batch(batch: KvEventBatch): 'applied' | 'unknownParent' {
    this.told.push(`${batch.rank}#${batch.batchNumber}`);
    const answer = this.answers.shift() ?? 'applied';
    if (answer instanceof Error) throw answer;
    return answer;
  }

  reset({ incarnation: life, rank }: KvSource): void {
    this.told.push(`${rank} reset ${life === first ? 'first' : life === second ? 'second' : life}`);
  }

  snapshotChain({ rank }: KvSource, { hashes }: { hashes: Uint32Array }): void {
    this.told.push(`${rank} chain ${ids(hashes).join()}`);
  }
}

describe('KvEventSubscriber', () => {
  let clock: VirtualClock;
  let plane: InProcessEventPlane;
  let sink: RecordingSink;
  let subscriber: KvEventSubscriber;
  let publisher: KvEventPublisher;
  /** What the publisher sends through and the subscriber asks through. */
  let network: FaultyEventPlane;
  const troubles: KvSubscriberTrouble[] = [];

  async function subscribe(limits: Partial<KvSubscriberLimits> = {}): Promise<void> {
    sink = new RecordingSink();
    const prng = seededPrng(1);
    const onTrouble = (trouble: KvSubscriberTrouble): number => troubles.push(trouble);
    subscriber = new KvEventSubscriber({ plane: network, clock, prng, endpoint, sink, limits, onTrouble });
    await subscriber.start();
  }

  async function publish(
    life: Incarnation = first,
    rankCount = 1,
    limits: Partial<KvPublisherLimits> = {},
  ): Promise<KvEventPublisher> {
    const made = new KvEventPublisher({
      plane: network,
      clock,
      endpoint,
      workerId: worker,
      incarnation: life,
      rankStart: 0,
      rankCount,
      limits,
    });
    await made.start();
    return made;
  }

  const follow = (life: Incarnation = first, rankCount = 1): void =>
    subscriber.follow({ workerId: worker, incarnation: life, rankStart: 0, rankCount });
  const settle = (durationMs = 5): Promise<void> => clock.advanceAsync(durationMs);
  /** A batch as if from the publisher, with nothing kept of it. */
  const inject = (batchNumber: number, life: Incarnation = first): void =>
    plane.publish(
      subjects.kvEvents(endpoint, worker, 0),
      encodeKvEventBatch({
        workerId: worker,
        incarnation: life,
        rank: 0,
        batchNumber,
        events: [{ kind: 'removed', hashes: run(99) }],
      }),
    );

  beforeEach(async () => {
    clock = new VirtualClock();
    plane = new InProcessEventPlane({ clock });
    network = new FaultyEventPlane(plane, seededPrng(2));
    troubles.length = 0;
    await subscribe();
    publisher = await publish();
  });
  afterEach(async () => {
    await subscriber.close();
    await publisher.close();
    expect(clock.pendingTimerCount).toBe(0);
  });

  it('hands the whole set over first, then each batch', async () => {
    publisher.publishStored(0, null, run(1, 2));
    await settle();
    follow();
    await settle();
    expect(sink.told).toEqual(['0 reset first', '0 chain 1,2']);
    publisher.publishStored(0, run(2), run(3));
    await settle();
    publisher.publishRemoved(0, run(3));
    await settle();
    expect(sink.told.slice(2)).toEqual(['0#2', '0#3']);
    expect(subscriber.isSettled()).toBe(true);
    expect(subscriber.state(worker, 0)).toMatchObject({ phase: 'live', appliedNumber: 3 });
  });

  it('follows workers that were named before it started', async () => {
    await subscriber.close();
    const prng = seededPrng(1);
    subscriber = new KvEventSubscriber({ plane, clock, prng, endpoint, sink });
    follow();
    await settle();
    expect(sink.told).toEqual([]);
    expect(subscriber.isSettled()).toBe(false);
    await subscriber.start();
    await settle();
    expect(sink.told).toEqual(['0 reset first']);
    expect(subscriber.isSettled()).toBe(true);
  });

  it('follows each rank by itself, and ranks that are added and dropped', async () => {
    await publisher.close();
    publisher = await publish(first, 3);
    follow(first, 2);
    await settle();
    expect([...subscriber.states()].map(({ source }) => source.rank)).toEqual([0, 1]);
    subscriber.follow({ workerId: worker, incarnation: first, rankStart: 1, rankCount: 2 });
    await settle();
    expect(sink.told.slice(2)).toEqual(['0 reset first', '2 reset first']);
    expect(subscriber.state(worker, 0)).toBeNull();
    publisher.publishStored(2, null, run(1));
    await settle();
    expect(sink.told.at(-1)).toBe('2#1');
  });

  /** Publishes one more block, which no subscriber hears of. */
  async function publishUnheard(id: number): Promise<void> {
    network.setFaults({ lose: 1 });
    publisher.publishStored(0, null, run(id));
    publisher.flush();
    network.heal();
    await plane.flush();
  }

  it('fetches the batches of a gap, and hands over in order what came meanwhile', async () => {
    follow();
    await settle();
    await publishUnheard(1);
    await publishUnheard(2);
    expect(subscriber.state(worker, 0)).toMatchObject({ phase: 'live', appliedNumber: 0 });
    publisher.publishStored(0, null, run(3));
    await settle();
    expect(sink.told.slice(1)).toEqual(['0#1', '0#2', '0#3']);
    expect(subscriber.counts()).toMatchObject({ gaps: 1, recoveredByBatches: 1, recoveredBySnapshot: 1 });
    expect(publisher.counts()).toMatchObject({ answersByBatches: 1, answersBySnapshot: 1 });
  });

  it('fetches a lost last batch when its number is announced', async () => {
    follow();
    await settle();
    await publishUnheard(1);
    await settle(1_000);
    expect(sink.told.slice(1)).toEqual(['0#1']);
  });

  it('takes the whole set when the ring is too short', async () => {
    await publisher.close();
    publisher = await publish(first, 1, { ringBatchesMax: 2 });
    follow();
    await settle();
    for (const id of [1, 2, 3]) await publishUnheard(id);
    await settle(1_000);
    expect(sink.told.slice(1)).toEqual(['0 reset first', '0 chain 1', '0 chain 2', '0 chain 3']);
    expect(subscriber.counts().recoveredBySnapshot).toBe(2);
  });

  it('hands a large snapshot over in turns, and keeps live batches for afterwards', async () => {
    await subscriber.close();
    await subscribe({ snapshotBlocksPerTurn: 2 });
    for (const id of [1, 2, 3, 4, 5]) publisher.publishStored(0, null, run(id));
    await settle();
    follow();
    await plane.flush();
    await clock.advanceAsync(0);
    publisher.publishRemoved(0, run(5));
    publisher.flush();
    await settle();
    expect(sink.told[0]).toBe('0 reset first');
    expect([...sink.told.slice(1, 6)].sort()).toEqual([1, 2, 3, 4, 5].map((id) => `0 chain ${id}`));
    expect(sink.told.slice(6)).toEqual(['0#2']);
  });

  describe('incarnations', () => {
    it('a newer one that is registered resets the ranks of the one before', async () => {
      follow();
      await settle();
      const restarted = await publish(second);
      restarted.publishStored(0, null, run(7));
      follow(second);
      await settle();
      expect(sink.told.slice(1)).toEqual(['0 reset second', '0 reset second', '0 chain 7']);
      inject(1, first);
      await settle();
      expect(sink.told).toHaveLength(4);
      expect(subscriber.counts().foreignMessages).toBe(1);
      await restarted.close();
    });

    it('a message of a newer one changes nothing before the registry has it, and nothing of it is lost', async () => {
      follow();
      await settle();
      const restarted = await publish(second);
      restarted.publishStored(0, null, run(7));
      await settle();
      expect(sink.told).toEqual(['0 reset first']);
      expect(subscriber.counts().foreignMessages).toBe(1);
      publisher.publishStored(0, null, run(1));
      await settle();
      expect(sink.told.at(-1)).toBe('0#1');
      follow(second);
      await settle();
      expect(sink.told.slice(2)).toEqual(['0 reset second', '0 reset second', '0 chain 7']);
      await restarted.close();
    });

    it('messages of one that cannot be ordered, of strangers and of unknown ranks change nothing', async () => {
      follow();
      await settle();
      inject(1, incarnation('no order'));
      plane.publish(
        subjects.kvEvents(endpoint, workerId('stranger'), 0),
        encodeKvEventBatch({
          workerId: workerId('stranger'),
          incarnation: first,
          rank: 0,
          batchNumber: 1,
          events: [],
        }),
      );
      await settle();
      expect(sink.told).toEqual(['0 reset first']);
      expect(subscriber.counts().foreignMessages).toBe(2);
      follow(incarnation('no order'));
      expect(sink.told.at(-1)).toBe('0 reset no order');
    });
  });

  it('unfollow() forgets a worker, whatever is under way', async () => {
    follow();
    subscriber.unfollow(worker);
    await settle();
    publisher.publishStored(0, null, run(1));
    await settle();
    expect(sink.told).toEqual([]);
    expect(subscriber.state(worker, 0)).toBeNull();
  });

  it('drops and reports bytes that are no message, each counted and told once in a while', async () => {
    for (let time = 0; time < 50; time += 1)
      plane.publish(subjects.kvEvents(endpoint, worker, 0), Uint8Array.of(time));
    await settle();
    expect(troubles).toMatchObject([{ kind: 'malformedMessage', count: 1 }]);
    troubles.length = 0;
    await settle(10_000);
    plane.publish(subjects.kvEvents(endpoint, worker, 0), Uint8Array.of(1, 2, 3));
    await settle();
    expect(subscriber.counts().malformedMessages).toBe(51);
    expect(troubles).toMatchObject([
      { kind: 'malformedMessage', subject: subjects.kvEvents(endpoint, worker, 0), count: 50 },
    ]);
  });

  it('keeps the set of a publisher that has gone until the one who takes over knows all of his', async () => {
    publisher.publishStored(0, null, run(1, 2));
    follow();
    await settle();
    await publisher.close();
    publisher = new KvEventPublisher({
      ...{
        plane: network,
        clock,
        endpoint,
        workerId: worker,
        incarnation: first,
        rankStart: 0,
        rankCount: 1,
      },
      takesOverAfter: 1_000_000,
    });
    sink.told.length = 0;
    publisher.publishStored(0, null, run(1));
    publisher.publishCleared(0);
    publisher.publishStored(0, null, run(3));
    await settle();
    expect(sink.told).toEqual([]);
    await publisher.start();
    await settle();
    expect(sink.told).toEqual(['0 reset first', '0 chain 3']);
    publisher.publishStored(0, run(3), run(4));
    await settle();
    expect(sink.told.at(-1)).toBe('0#1000002');
    expect(subscriber.isSettled()).toBe(true);
  });

  describe('failed recoveries', () => {
    it('are tried again, ever later, until somebody answers', async () => {
      await publisher.close();
      follow();
      await settle();
      expect(subscriber.state(worker, 0)).toMatchObject({ phase: 'restoring', failedAttempts: 1 });
      const attemptsAtMs: number[] = [];
      for (let step = 0; step < 600; step += 1) {
        await settle(50);
        const { failedAttempts } = subscriber.state(worker, 0) ?? { failedAttempts: 0 };
        if (failedAttempts > attemptsAtMs.length + 1) attemptsAtMs.push(clock.nowMs());
      }
      const waits = attemptsAtMs.map((atMs, index) => atMs - (attemptsAtMs[index - 1] ?? 0));
      expect(attemptsAtMs.length).toBeGreaterThan(6);
      expect(attemptsAtMs.length).toBeLessThan(14);
      expect(Math.max(...waits)).toBeLessThanOrEqual(10_050);
      publisher = await publish();
      publisher.publishStored(0, null, run(1));
      await settle(10_000);
      expect(sink.told).toEqual(['0 reset first', '0 chain 1']);
      expect(troubles[0]).toMatchObject({ kind: 'recoveryFailed', source: { workerId: worker, rank: 0 } });
    });

    it('leave the set as it was: a torn snapshot is never handed over', async () => {
      follow();
      await settle();
      publisher.publishStored(0, null, run(1));
      await settle();
      network.setFaults({ breakRequest: 1 });
      subscriber.resync(worker, 0);
      await settle(2_000);
      expect(sink.told).toEqual(['0 reset first', '0#1']);
      expect(subscriber.counts().failedRecoveries).toBeGreaterThan(1);
      network.heal();
      await settle(10_000);
      expect(sink.told.slice(2)).toEqual(['0 reset first', '0 chain 1']);
    });

    it('run at most so many at once', async () => {
      await publisher.close();
      await subscriber.close();
      await subscribe({ recoveriesMax: 2 });
      let asked = 0;
      for (let rank = 0; rank < 5; rank += 1)
        plane.serve(subjects.kvRecovery(endpoint, { workerId: worker, incarnation: first, rank }), () => {
          asked += 1;
          return { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
        });
      follow(first, 5);
      await settle();
      expect(asked).toBe(2);
      await settle(2_000);
      expect(asked).toBe(4);
    });
  });

  describe('a set that is not right', () => {
    beforeEach(async () => {
      follow();
      publisher.publishStored(0, null, run(1));
      await settle();
      sink.told.length = 0;
    });

    it('is replaced when a parent was unknown', async () => {
      sink.answers.push('unknownParent');
      publisher.publishStored(0, run(1), run(2));
      await settle();
      expect(sink.told).toEqual(['0#2', '0 reset first', '0 chain 1,2']);
      expect(subscriber.counts().resyncs).toBe(1);
    });

    it('is replaced when the consumer threw', async () => {
      sink.answers.push(new Error('a bug'));
      publisher.publishStored(0, run(1), run(2));
      await settle();
      expect(sink.told).toEqual(['0#2', '0 reset first', '0 chain 1,2']);
      expect(troubles).toMatchObject([{ kind: 'sinkFailed' }]);
    });

    it('is not replaced more often than allowed, and ever more rarely while that does not help', async () => {
      const replacedAtMs: number[] = [];
      const startMs = clock.nowMs();
      for (let batch = 0; batch < 600; batch += 1) {
        sink.answers.push('unknownParent');
        publisher.publishStored(0, null, run(100 + batch));
        await settle(100);
        if (sink.told.some((line) => line.includes('reset'))) replacedAtMs.push(clock.nowMs() - startMs);
        sink.told.length = 0;
      }
      expect(replacedAtMs).toEqual([100, 5_100, 15_100, 35_100]);
    });
  });

  it('counts go on over restarts of the worker', async () => {
    follow();
    publisher.publishStored(0, null, run(1));
    await settle();
    inject(1);
    await settle();
    const before = subscriber.counts();
    expect(before.staleBatches).toBe(1);
    follow(second);
    expect(subscriber.counts().staleBatches).toBe(1);
    subscriber.unfollow(worker);
    expect(subscriber.counts()).toMatchObject({ staleBatches: 1, appliedBatches: before.appliedBatches });
  });
});
