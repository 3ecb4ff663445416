import { PromptBlocks } from '@kvasir/block-hash';
import { InProcessEventPlane } from '@kvasir/event-plane';
import { FaultyEventPlane } from '@kvasir/event-plane/testing';
import { Scheduler, SCHEDULER_OPTIONS_DEFAULT } from '@kvasir/scheduler';
import { VirtualClock } from '@kvasir/testkit';
import { requestId, routerId, seededPrng, workerId } from '@kvasir/units';
import type { Prng, RequestId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { PEER_TTL_MS, ReplicaSync, SYNC_DELAY_MS, SYNC_JOIN_MS, SYNC_WHOLE_MS } from './replica-sync.js';

const endpoint = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };
const WORKERS = ['w1', 'w2', 'w3'];
const BLOCK_SIZE = 4;

/** One router as far as bookings go: a scheduler and its sync. */
class Replica {
  readonly scheduler: Scheduler;
  readonly sync: ReplicaSync;
  readonly #prng: Prng;
  readonly #name: string;
  readonly #running: RequestId[] = [];
  #requests = 0;

  constructor(name: string, plane: InProcessEventPlane | FaultyEventPlane, clock: VirtualClock, prng: Prng) {
    this.#prng = prng;
    this.#name = name;
    this.scheduler = new Scheduler({ ...SCHEDULER_OPTIONS_DEFAULT, blockSize: BLOCK_SIZE }, prng);
    for (const worker of WORKERS) this.#put(worker);
    this.sync = new ReplicaSync({
      endpoint,
      routerId: routerId(name),
      plane,
      clock,
      firstNumber: 1 + clock.nowMs(),
      ownLoads: () => this.scheduler.ownLoads(),
      peerLoads: (peer, loads, isWhole) =>
        void this.scheduler.step({ kind: 'peerLoads', peer, loads, isWhole }),
      peerGone: (peer) => void this.scheduler.step({ kind: 'peerGone', peer }),
    });
  }

  /** Books, marks, generates or frees; now and then a worker goes and comes back. */
  act(): void {
    const choice = this.#prng();
    const at = Math.floor(this.#prng() * this.#running.length);
    const running = this.#running[at];
    if (choice < 0.02) {
      const worker = WORKERS[Math.floor(this.#prng() * WORKERS.length)] ?? 'w1';
      this.scheduler.step({ kind: 'targetRemoved', workerId: workerId(worker), rank: 0 });
      this.#put(worker);
    } else if (choice < 0.5 || running === undefined) this.#book();
    else if (choice < 0.6) this.scheduler.step({ kind: 'prefillCompleted', requestId: running });
    else if (choice < 0.7) this.scheduler.step({ kind: 'outputTokens', requestId: running, tokenCount: 9 });
    else this.free(at);
    this.sync.changed();
  }

  free(at: number): void {
    const [freed] = this.#running.splice(at, 1);
    if (freed !== undefined) this.scheduler.step({ kind: 'freed', requestId: freed });
    this.sync.changed();
  }

  freeAll(): void {
    while (this.#running.length > 0) this.free(0);
  }

  #book(): void {
    const id = requestId(`${this.#name}-${(this.#requests += 1)}`);
    const tokens = Uint32Array.from({ length: 1 + Math.floor(this.#prng() * 40) }, (_, index) => index);
    const prompt = new PromptBlocks(tokens, BLOCK_SIZE);
    const [effect] = this.scheduler.step({ kind: 'route', requestId: id, prompt, nowMs: 0 });
    if (effect?.kind === 'routed') this.#running.push(id);
  }

  #put(worker: string): void {
    this.scheduler.step({
      kind: 'targetAdded',
      target: { workerId: workerId(worker), rank: 0, taints: [] },
      isEligible: true,
    });
  }
}

/** What all routers together have booked, by worker. */
function truth(replicas: readonly Replica[]): unknown[] {
  return WORKERS.map((worker) => {
    const own = replicas.flatMap(({ scheduler }) =>
      scheduler.ownLoads().filter((load) => load.workerId === workerId(worker)),
    );
    const sum = (pick: (load: (typeof own)[number]) => number): number =>
      own.reduce((total, load) => total + pick(load), 0);
    return [
      worker,
      sum((load) => load.prefillTokens),
      sum((load) => load.blocks),
      sum((load) => load.requests),
    ];
  });
}

const believed = ({ scheduler }: Replica): unknown[] =>
  scheduler
    .loads()
    .map(({ workerId: id, prefillTokens, blocks, requests }) => [id, prefillTokens, blocks, requests]);

async function simulate(seed: number): Promise<readonly Replica[]> {
  const clock = new VirtualClock();
  const prng = seededPrng(seed);
  const inner = new InProcessEventPlane({ clock });
  const plane = new FaultyEventPlane(inner, seededPrng(seed + 7), {
    lose: 0.15,
    duplicate: 0.1,
    delay: 0.2,
    breakRequest: 0,
  });
  const replicas: Replica[] = [];
  const start = async (name: string): Promise<void> => {
    const replica = new Replica(name, plane, clock, prng);
    await replica.sync.start();
    replicas.push(replica);
  };
  for (const name of ['r1', 'r2']) await start(name);
  for (let step = 0; step < 400; step += 1) {
    for (const replica of replicas) if (prng() < 0.6) replica.act();
    if (step === 150) await start('r3');
    if (step === 250) {
      // It dies: nobody is told, and another of the same name comes.
      const dead = replicas.shift();
      inner.publish = () => undefined;
      await dead?.sync.close();
      Reflect.deleteProperty(inner, 'publish');
      await start('r1');
    }
    await clock.advanceAsync(Math.floor(prng() * 20));
  }
  plane.heal();
  await clock.advanceAsync(2 * SYNC_WHOLE_MS + PEER_TTL_MS);
  for (const replica of replicas) expect(believed(replica)).toEqual(truth(replicas));
  for (const replica of replicas) replica.freeAll();
  await clock.advanceAsync(2 * SYNC_WHOLE_MS);
  return replicas;
}

describe('ReplicaSync', () => {
  it.each(Array.from({ length: 12 }, (_, seed) => seed))(
    'converges to the truth after loss, repetition, delay and restarts, and to zero at the end (seed %i)',
    async (seed) => {
      for (const replica of await simulate(seed)) {
        expect(replica.scheduler.loads().map(({ requests }) => requests)).toEqual([0, 0, 0]);
        expect(replica.scheduler.loads().map(({ blocks }) => blocks)).toEqual([0, 0, 0]);
        expect(replica.scheduler.loads().map(({ prefillTokens }) => prefillTokens)).toEqual([0, 0, 0]);
      }
    },
  );

  it('tells a booking within its delay, so that the next router chooses another worker', async () => {
    const clock = new VirtualClock();
    const plane = new InProcessEventPlane({ clock });
    const [one, other] = [new Replica('r1', plane, clock, () => 0), new Replica('r2', plane, clock, () => 0)];
    await one.sync.start();
    await other.sync.start();
    await clock.advanceAsync(SYNC_JOIN_MS);
    expect([one.sync.hasJoined, other.sync.hasJoined]).toEqual([true, true]);
    const prompt = new PromptBlocks(new Uint32Array(64), BLOCK_SIZE);
    one.scheduler.step({ kind: 'route', requestId: requestId('a'), prompt, nowMs: 0 });
    one.sync.changed();
    await clock.advanceAsync(SYNC_DELAY_MS);
    const [busy] = one.scheduler.ownLoads();
    const [effect] = other.scheduler.step({ kind: 'route', requestId: null, prompt, nowMs: 0 });
    expect(effect).toMatchObject({ kind: 'routed' });
    if (effect?.kind === 'routed') expect(effect.decision.workerId).not.toBe(busy?.workerId);
  });

  it('forgets a router that says nothing any more', async () => {
    const clock = new VirtualClock();
    const inner = new InProcessEventPlane({ clock });
    const [one, other] = [new Replica('r1', inner, clock, () => 0), new Replica('r2', inner, clock, () => 0)];
    await one.sync.start();
    await other.sync.start();
    const prompt = new PromptBlocks(new Uint32Array(64), BLOCK_SIZE);
    one.scheduler.step({ kind: 'route', requestId: requestId('a'), prompt, nowMs: 0 });
    await clock.advanceAsync(SYNC_WHOLE_MS);
    expect(other.scheduler.loads().some(({ requests }) => requests > 0)).toBe(true);
    expect(other.sync.peerCount).toBe(1);
    await one.sync.close();
    await clock.advanceAsync(1);
    expect(other.scheduler.loads().every(({ requests }) => requests === 0)).toBe(true);
    expect(other.sync.peerCount).toBe(0);
  });
});
