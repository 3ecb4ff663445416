import {
  decodeKvMessage,
  encodeKvRecoveryRequest,
  parseKvEventsSubject,
  subjects,
  type KvEvent,
  type KvRecoveryWant,
} from '@kvasir/contract';
import { VirtualClock } from '@kvasir/testkit';
import { incarnation, workerId } from '@kvasir/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InProcessEventPlane } from './in-process-event-plane.js';
import { KvEventPublisher } from './kv-event-publisher.js';
import type { KvPublisherLimits } from './rank-publisher.js';
import { RecoveryAnswer } from './recovery-answer.js';

const endpoint = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };
const identity = { endpoint, workerId: workerId('gpu.1'), incarnation: incarnation('i1') };

/** Blocks by small names: `run(1, 2)` are the words of blocks 1 and 2. */
const run = (...ids: number[]): Uint32Array => Uint32Array.from(ids.flatMap((id) => [id, 1_000 + id]));
const ids = (words: Uint32Array | null): number[] | null =>
  words === null ? null : [...words].filter((_, index) => index % 2 === 0);
const brief = (event: KvEvent): unknown =>
  event.kind === 'stored'
    ? [ids(event.parent)?.[0] ?? 'root', ...(ids(event.hashes) ?? [])]
    : event.kind === 'removed'
      ? { removed: ids(event.hashes) }
      : 'cleared';

describe('KvEventPublisher', () => {
  let clock: VirtualClock;
  let plane: InProcessEventPlane;
  let publisher: KvEventPublisher;
  /** Per message: `rank#number` and its events, or `rank=number` for an announcement. */
  let sent: unknown[];

  async function make(limits: Partial<KvPublisherLimits> = {}, rankCount = 1): Promise<void> {
    publisher = new KvEventPublisher({ ...identity, plane, clock, rankStart: 0, rankCount, limits });
    await publisher.start();
  }

  beforeEach(async () => {
    clock = new VirtualClock();
    plane = new InProcessEventPlane({ clock });
    sent = [];
    plane.subscribe(subjects.kvEventsOfAll(endpoint), ({ subject, payload }) => {
      const message = decodeKvMessage(payload);
      const rank = parseKvEventsSubject(subject)?.rank ?? 'none';
      if (message.kind === 'batch')
        sent.push([`${rank}#${message.batch.batchNumber}`, ...message.batch.events.map(brief)]);
      else if (message.kind === 'announcement') sent.push(`${rank}=${message.announcement.batchNumber}`);
      else expect.fail(message.reason);
    });
    await make();
  });
  afterEach(async () => {
    await publisher.close();
    expect(clock.pendingTimerCount).toBe(0);
  });

  const answerTo = async (want: KvRecoveryWant, rank = 0): Promise<unknown[]> => {
    const source = { workerId: identity.workerId, incarnation: identity.incarnation, rank };
    const answer = new RecoveryAnswer(source, 1_000_000);
    const steps: unknown[] = [];
    const request = encodeKvRecoveryRequest({ source, want });
    for await (const bytes of plane.request(subjects.kvRecovery(endpoint, source), request, 100)) {
      const step = answer.read(bytes);
      if (step.kind === 'batch') steps.push([step.batch.batchNumber, ...step.batch.events.map(brief)]);
      else if (step.kind === 'snapshot')
        steps.push([
          `snapshot ${step.snapshot.batchNumber}`,
          ...step.snapshot.chains.map((chain) => brief({ kind: 'stored', ...chain })),
        ]);
      else if (step.kind !== 'reading') steps.push(step);
    }
    return steps;
  };

  it('sends what comes within its delay as one batch, joined where it continues', async () => {
    publisher.publishStored(0, null, run(1, 2));
    publisher.publishStored(0, run(2), run(3));
    publisher.publishStored(0, run(1), run(4));
    publisher.publishRemoved(0, run(3));
    publisher.publishRemoved(0, run(4));
    expect(sent).toEqual([]);
    await clock.advanceAsync(1);
    expect(sent).toEqual([['0#1', ['root', 1, 2, 3], [1, 4], { removed: [3, 4] }]]);
    publisher.publishStored(0, run(2), run(3));
    await clock.advanceAsync(1);
    expect(sent.at(-1)).toEqual(['0#2', [2, 3]]);
  });

  it('numbers each rank by itself, from 1', async () => {
    await publisher.close();
    await make({}, 2);
    publisher.publishStored(1, null, run(1));
    await clock.advanceAsync(1);
    publisher.publishStored(0, null, run(1));
    publisher.publishStored(1, run(1), run(2));
    await clock.advanceAsync(1);
    expect(sent).toEqual([
      ['1#1', ['root', 1]],
      ['0#1', ['root', 1]],
      ['1#2', [1, 2]],
    ]);
    expect(publisher.rankState(1)).toEqual({ heldBlocks: 2, newestNumber: 2 });
  });

  it('splits what is more than a batch may hold, and sends full batches at once', async () => {
    await publisher.close();
    await make({ batchBlocksMax: 3 });
    publisher.publishStored(0, null, run(1, 2, 3, 4, 5, 6, 7));
    await plane.flush();
    expect(sent).toEqual([
      ['0#1', ['root', 1, 2, 3]],
      ['0#2', [3, 4, 5, 6]],
    ]);
    publisher.publishRemoved(0, run(5, 6, 7));
    await clock.advanceAsync(1);
    expect(sent.slice(2)).toEqual([
      ['0#3', [6, 7], { removed: [5, 6] }],
      ['0#4', { removed: [7] }],
    ]);
  });

  /** Asks for the whole set, on the plane of the moment. */
  const askForAll = (): AsyncIterable<Uint8Array> => {
    const source = { workerId: identity.workerId, incarnation: identity.incarnation, rank: 0 };
    const request = encodeKvRecoveryRequest({ source, want: { kind: 'snapshot' } });
    return plane.request(subjects.kvRecovery(endpoint, source), request, 1_000);
  };

  it('cuts batches and snapshots to what the plane takes, whatever the events are', async () => {
    await publisher.close();
    plane = new InProcessEventPlane({ clock, payloadBytesMax: 8_192 });
    const messages: Uint8Array[] = [];
    plane.subscribe(subjects.kvEventsOfAll(endpoint), ({ payload }) => messages.push(payload));
    await make();
    publisher.publishCleared(0);
    // One long chain, and many blocks of one parent: each of them is an event of its own.
    publisher.publishStored(0, null, run(...Array.from({ length: 3_000 }, (_, id) => id + 1)));
    for (let id = 0; id < 3_000; id += 1) publisher.publishStored(0, run(1), run(10_000 + id));
    publisher.flush();
    await plane.flush();
    expect(messages.length).toBeGreaterThan(8);
    const answer = new RecoveryAnswer({ ...identity, rank: 0 }, 1_000_000);
    let last = '';
    for await (const chunk of askForAll()) {
      messages.push(chunk);
      last = answer.read(chunk).kind;
    }
    expect(last).toBe('snapshot');
    expect(Math.max(...messages.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(8_192);
  });

  it('answers so many at once and sends the others away; who asks for the same set shares its memory', async () => {
    await publisher.close();
    await make({ answersMax: 2 });
    publisher.publishStored(0, null, run(1, 2, 3));
    const askers = [1, 2, 3].map(() => askForAll()[Symbol.asyncIterator]());
    const firsts = await Promise.allSettled(askers.map((asker) => asker.next()));
    expect(firsts.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    const [one, two] = firsts.map((first): unknown =>
      first.status === 'fulfilled' ? first.value.value : null,
    );
    expect(one).toBe(two);
    expect(publisher.counts().refusedRequests).toBe(1);
    for (const asker of askers) await asker.return?.();
    await plane.flush();
    const chunks: Uint8Array[] = [];
    for await (const chunk of askForAll()) chunks.push(chunk);
    expect(chunks).toHaveLength(3);
  });

  it('publishes only what is news', async () => {
    expect(publisher.publishStored(0, null, run(1, 2))).toEqual({ kind: 'published', newBlocks: 2 });
    expect(publisher.publishStored(0, null, run(1, 2))).toEqual({ kind: 'duplicate' });
    expect(publisher.publishStored(0, null, run(1, 2, 3))).toEqual({ kind: 'published', newBlocks: 1 });
    expect(publisher.publishRemoved(0, run(9, 3, 8))).toEqual({ removedBlocks: 1, unknownBlocks: 2 });
    expect(publisher.publishRemoved(0, run(9))).toEqual({ removedBlocks: 0, unknownBlocks: 1 });
    await clock.advanceAsync(1);
    expect(sent).toEqual([['0#1', ['root', 1, 2, 3], { removed: [3] }]]);
    expect(publisher.counts()).toMatchObject({ sentMessages: 1, unknownRemovedBlocks: 3 });
  });

  it('refuses a run whose parent it does not hold', async () => {
    expect(publisher.publishStored(0, run(7), run(8))).toEqual({ kind: 'unknownParent' });
    await clock.advanceAsync(1);
    expect(sent).toEqual([]);
    expect(publisher.counts().orphanRuns).toBe(1);
  });

  it('refuses blocks beyond its limit and publishes those before', async () => {
    await publisher.close();
    await make({ heldBlocksMax: 3 });
    expect(publisher.publishStored(0, null, run(1, 2))).toMatchObject({ kind: 'published' });
    expect(publisher.publishStored(0, run(2), run(3, 4, 5))).toEqual({
      kind: 'limitReached',
      newBlocks: 1,
      refusedBlocks: 2,
    });
    expect(publisher.publishStored(0, null, run(1, 2, 3))).toEqual({ kind: 'duplicate' });
    await clock.advanceAsync(1);
    expect(sent).toEqual([['0#1', ['root', 1, 2, 3]]]);
    expect(publisher.counts().refusedBlocks).toBe(2);
  });

  it('puts a clear first in its batch and forgets what was not sent', async () => {
    publisher.publishStored(0, null, run(1, 2));
    publisher.publishCleared(0);
    publisher.publishStored(0, null, run(3));
    await clock.advanceAsync(1);
    expect(sent).toEqual([['0#1', 'cleared', ['root', 3]]]);
    expect(publisher.rankState(0).heldBlocks).toBe(1);
  });

  it('announces its newest number from time to time, also before there is one', async () => {
    await clock.advanceAsync(1_000);
    expect(sent).toEqual(['0=0']);
    sent.length = 0;
    publisher.publishStored(0, null, run(1));
    await clock.advanceAsync(2_000);
    expect(sent.slice(1)).toEqual(['0=1', '0=1']);
  });

  it('does not read the caller’s arrays after it has returned', async () => {
    const hashes = run(1, 2);
    publisher.publishStored(0, null, hashes);
    hashes.fill(0);
    await clock.advanceAsync(1);
    expect(sent).toEqual([['0#1', ['root', 1, 2]]]);
  });

  describe('recovery', () => {
    it('answers with the batches that it still has', async () => {
      for (const id of [1, 2, 3]) {
        publisher.publishStored(0, null, run(id));
        publisher.flush();
      }
      expect(await answerTo({ kind: 'batches', from: 2 })).toEqual([
        [2, ['root', 2]],
        [3, ['root', 3]],
        { kind: 'ended', newestNumber: 3 },
      ]);
      expect(await answerTo({ kind: 'batches', from: 4 })).toEqual([{ kind: 'ended', newestNumber: 3 }]);
      expect(publisher.counts().answersByBatches).toBe(2);
    });

    it('answers with the whole set when the ring is too short, parents before children', async () => {
      await publisher.close();
      await make({ ringBatchesMax: 2, snapshotChunkBlocksMax: 2 });
      publisher.publishStored(0, null, run(1, 2, 3));
      publisher.flush();
      publisher.publishStored(0, run(1), run(4));
      publisher.flush();
      publisher.publishRemoved(0, run(2));
      publisher.flush();
      const [snapshot, ...more] = await answerTo({ kind: 'batches', from: 1 });
      expect(more).toEqual([]);
      // Block 2 is gone, its child stays and names it.
      expect(snapshot).toEqual(['snapshot 3', ['root', 1, 4], [2, 3]]);
      expect(publisher.counts().answersBySnapshot).toBe(1);
    });

    it('answers with the set as it is now, after sending what was pending', async () => {
      publisher.publishStored(0, null, run(1));
      expect(await answerTo({ kind: 'snapshot' })).toEqual([['snapshot 1', ['root', 1]]]);
      expect(sent).toEqual([['0#1', ['root', 1]]]);
    });

    it('answers with an empty set when nothing was published', async () => {
      expect(await answerTo({ kind: 'snapshot' })).toEqual([['snapshot 0']]);
    });

    it('answers one who is ahead of it with the set', async () => {
      publisher.publishStored(0, null, run(1));
      expect(await answerTo({ kind: 'batches', from: 9 })).toEqual([['snapshot 1', ['root', 1]]]);
    });

    it('fails on a request that is none', async () => {
      const subject = subjects.kvRecovery(endpoint, { ...identity, rank: 0 });
      const reading = (async () => {
        for await (const chunk of plane.request(subject, Uint8Array.of(1, 2), 100)) expect(chunk).toBeNull();
      })();
      await expect(reading).rejects.toMatchObject({ code: 'EVENT_PLANE_SERVER_FAILED' });
      expect(publisher.counts().malformedRequests).toBe(1);
    });
  });

  it('keeps numbers and set when the plane refuses to send', async () => {
    publisher.publishStored(0, null, run(1));
    await plane.close();
    await clock.advanceAsync(1);
    expect(publisher.counts().failedSends).toBe(1);
    expect(publisher.rankState(0)).toEqual({ heldBlocks: 1, newestNumber: 1 });
  });

  it('close() sends what is pending and serves no more', async () => {
    publisher.publishStored(0, null, run(1));
    await publisher.close();
    await plane.flush();
    expect(sent).toEqual([['0#1', ['root', 1]]]);
    await expect(answerTo({ kind: 'snapshot' })).rejects.toMatchObject({ code: 'EVENT_PLANE_NO_SERVER' });
  });

  it.each<[string, () => unknown]>([
    ['a rank it does not have', () => publisher.publishCleared(1)],
    ['no blocks', () => publisher.publishStored(0, null, new Uint32Array(0))],
    ['half a block', () => publisher.publishRemoved(0, new Uint32Array(3))],
    ['a parent of two blocks', () => publisher.publishStored(0, run(1, 2), run(3))],
  ])('throws on %s', (_what, call) => {
    expect(call).toThrow(RangeError);
  });
});
