/** Strangers among the peers and engines of a pool: they are answered at a bounded rate, remembered up to a bound, and believed only within what can be. */
import { decodePeerLoads, encodeEngineLoad, encodePeerLoads, subjects } from '@kvasir/contract';
import type { PeerLoad, PeerLoadMessage, WorkerRecord } from '@kvasir/contract';
import { InProcessEventPlane } from '@kvasir/event-plane';
import { VirtualClock } from '@kvasir/testkit';
import { incarnation, routerId, workerId } from '@kvasir/units';
import type { RouterId } from '@kvasir/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineLoads, LOAD_REPORT_TTL_MS } from './engine-loads.js';
import { HELLO_ANSWER_MS, PEER_TTL_MS, PEERS_MAX, ReplicaSync } from './replica-sync.js';

const endpoint = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };
const load = (name: string, blocks = 1): PeerLoad => ({
  workerId: workerId(name),
  rank: 0,
  prefillTokens: 1,
  blocks,
  requests: 1,
});

describe('ReplicaSync', () => {
  let clock: VirtualClock;
  let plane: InProcessEventPlane;
  let sync: ReplicaSync;
  let own: readonly PeerLoad[];
  let heard: { peer: RouterId; loads: readonly PeerLoad[] }[];
  let sent: Uint8Array[];
  const say = (
    kind: PeerLoadMessage['kind'],
    name: string,
    number: number,
    loads: readonly PeerLoad[] = [],
  ): void =>
    plane.publish(
      subjects.loads(endpoint, routerId(name)),
      encodePeerLoads({ kind, routerId: routerId(name), number, loads }),
    );

  const start = async (payloadBytesMax?: number): Promise<void> => {
    plane = new InProcessEventPlane({ clock, payloadBytesMax });
    sync = new ReplicaSync({
      ...{ endpoint, routerId: routerId('me'), plane, clock, firstNumber: 1 },
      ownLoads: () => own,
      peerLoads: (peer, loads) => heard.push({ peer, loads }),
      peerGone: () => undefined,
      blocksMaxOf: ({ workerId: id }) => (id === 'small' ? 100 : null),
    });
    await sync.start();
    await clock.advanceAsync(1);
    plane.subscribe(subjects.loads(endpoint, routerId('me')), ({ payload }) => sent.push(payload));
  };
  beforeEach(async () => {
    clock = new VirtualClock();
    [own, heard, sent] = [[load('w1')], [], []];
    await start();
  });
  afterEach(() => sync.close());

  it('answers hellos together: however many come, few answers go', async () => {
    // 10,000 within a second, of many senders and of one.
    for (let ms = 0; ms < 1_000; ms += 1) {
      for (let hello = 0; hello < 5; hello += 1)
        say('hello', `stranger-${(ms * 5 + hello) % 100}`, ms * 10 + hello);
      for (let hello = 0; hello < 5; hello += 1) say('hello', 'same', ms * 10 + hello);
      await clock.advanceAsync(1);
    }
    expect(sent.length).toBeLessThanOrEqual(1_000 / HELLO_ANSWER_MS + 2);
    expect(sync.counts().refused).toBeGreaterThan(4_000);
  });

  it('answers who comes within a moment', async () => {
    say('hello', 'newcomer', 1);
    await clock.advanceAsync(HELLO_ANSWER_MS + 1);
    expect(sent).toHaveLength(1);
  });

  it('listens to so many peers at once, and to others once those are silent', async () => {
    for (let name = 0; name < 2 * PEERS_MAX; name += 1) say('whole', `p${name}`, 1, [load('w1')]);
    await clock.advanceAsync(1);
    expect(sync.peerCount).toBe(PEERS_MAX);
    expect(sync.counts().refused).toBe(PEERS_MAX);
    await clock.advanceAsync(PEER_TTL_MS + 1_000);
    say('whole', 'real', 1, [load('w1')]);
    await clock.advanceAsync(1);
    expect(heard.at(-1)?.peer).toBe('real');
  });

  it('does not believe more blocks than can be booked on a worker', async () => {
    say('whole', 'p', 1, [load('small', 101), load('small', 100), load('large', 1e9)]);
    await clock.advanceAsync(1);
    expect(heard[0]?.loads.map(({ blocks }) => blocks)).toEqual([100, 1e9]);
    expect(sync.counts().refused).toBe(1);
  });

  it('cuts what it has booked to what the plane takes', async () => {
    await sync.close();
    sent = [];
    own = Array.from({ length: 1_000 }, (_, index) => load(`worker-${index}`));
    await start(8_192);
    await clock.advanceAsync(1_000);
    expect(sent.length).toBeGreaterThan(3);
    expect(Math.max(...sent.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(8_192);
    const told = new Map<string, number>();
    const kinds = sent.map((payload) => {
      const message = decodePeerLoads(payload);
      if (message.kind !== 'malformed') for (const { workerId: id } of message.loads) told.set(id, 1);
      return message.kind;
    });
    expect(kinds[0]).toBe('whole');
    expect(new Set(kinds.slice(1))).toEqual(new Set(['changes']));
    expect(told.size).toBe(1_000);
  });
});

describe('EngineLoads', () => {
  it('keeps what registered workers say of this life and their ranks, and nothing else', async () => {
    const clock = new VirtualClock();
    const plane = new InProcessEventPlane({ clock });
    const record = {
      ...{ workerId: workerId('w1'), incarnation: incarnation('i1'), rankStart: 0, rankCount: 2 },
    } as WorkerRecord;
    const loads = new EngineLoads({
      ...{ plane, endpoint, clock },
      worker: (id) => (id === record.workerId ? record : null),
    });
    const say = (name: string, life: string, rank: number, runningRequests: number): void =>
      plane.publish(
        subjects.engineLoads(endpoint, workerId(name)),
        encodeEngineLoad({
          source: { workerId: workerId(name), incarnation: incarnation(life), rank },
          load: { runningRequests, waitingRequests: 0, kvUsage: null },
        }),
      );
    say('w1', 'i1', 0, 7);
    for (let forged = 0; forged < 1_000; forged += 1) {
      say(`stranger-${forged}`, 'i1', 0, 1);
      say('w1', 'i1', 2 + forged, 1);
      say('w1', `i2-${forged}`, 0, 1);
    }
    await plane.flush();
    expect(loads.of(record.workerId, 0)?.runningRequests).toBe(7);
    expect(loads.of(record.workerId, 2)).toBeNull();
    expect(loads.of(workerId('stranger-1'), 0)).toBeNull();
    expect(loads.foreignMessages).toBe(3_000);
    await clock.advanceAsync(LOAD_REPORT_TTL_MS + 1);
    expect(loads.of(record.workerId, 0)).toBeNull();
    loads.close();
  });
});
