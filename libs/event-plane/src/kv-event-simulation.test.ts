/**
 * Publishers and subscribers over a network that loses, repeats, delays and breaks off, with restarts of both sides. When traffic stops, every
 * subscriber's sets must equal the publishers'.
 */
import { newIncarnation } from '@kvasir/contract';
import { VirtualClock } from '@kvasir/testkit';
import { seededPrng, workerId, type Incarnation, type Prng, type WorkerId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { InProcessEventPlane } from './in-process-event-plane.js';
import { KvEventPublisher } from './kv-event-publisher.js';
import { KvEventSubscriber, type KvSubscriberCounts } from './kv-event-subscriber.js';
import { BlockSets, FaultyEventPlane, RandomEngine } from './testing/index.js';

const endpoint = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };
const RANKS = 2;

/** One life of a worker. */
interface Life {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  readonly engine: RandomEngine;
}

class Simulation {
  readonly clock = new VirtualClock();
  readonly #plane = new InProcessEventPlane({ clock: this.clock, limits: { pendingMessagesMax: 16 } });
  readonly #network: FaultyEventPlane;
  readonly #prng: Prng;
  readonly #lives = new Map<WorkerId, Life>();
  /** Birth of the newest life, in ms; no two share one. */
  #bornMs = 0;
  readonly #routers: { sink: BlockSets; subscriber: KvEventSubscriber }[] = [];

  constructor(seed: number) {
    this.#prng = seededPrng(seed);
    this.#network = new FaultyEventPlane(this.#plane, seededPrng(seed + 1_000_000), {
      lose: 0.1,
      duplicate: 0.1,
      delay: 0.15,
      breakRequest: 0.05,
    });
  }

  async run(steps: number): Promise<void> {
    for (const worker of ['w1', 'w2']) await this.#startEngine(workerId(worker));
    await this.#startRouter();
    for (let step = 0; step < steps; step += 1) {
      for (const { engine } of this.#lives.values()) if (this.#prng() < 0.7) engine.act();
      if (this.#prng() < 0.01) await this.#startEngine(workerId(this.#prng() < 0.5 ? 'w1' : 'w2'));
      if (this.#prng() < 0.01) await this.#startRouter();
      await this.clock.advanceAsync(this.#prng() < 0.05 ? 500 : Math.floor(this.#prng() * 4));
    }
    this.#network.heal();
    // Longer than an announcement, the longest retry and the longest chunk timeout together.
    await this.clock.advanceAsync(60_000);
  }

  check(): KvSubscriberCounts[] {
    for (const { sink, subscriber } of this.#routers) {
      expect(subscriber.isSettled()).toBe(true);
      for (const life of this.#lives.values())
        for (let rank = 0; rank < RANKS; rank += 1)
          expect(sink.held(life.workerId, rank), `${life.workerId}/${rank}`).toEqual(life.engine.held(rank));
    }
    return this.#routers.map(({ subscriber }) => subscriber.counts());
  }

  async close(): Promise<void> {
    for (const { engine } of this.#lives.values()) await engine.publisher.close();
    for (const { subscriber } of this.#routers) await subscriber.close();
    expect(this.clock.pendingTimerCount).toBe(0);
  }

  /** Starts a worker, after killing the one of the same id. */
  async #startEngine(worker: WorkerId): Promise<void> {
    await this.#lives.get(worker)?.engine.publisher.close();
    this.#bornMs = Math.max(this.#bornMs + 1, this.clock.nowMs());
    const life = newIncarnation(this.#bornMs, this.#prng);
    const publisher = new KvEventPublisher({
      plane: this.#network,
      clock: this.clock,
      endpoint,
      workerId: worker,
      incarnation: life,
      rankStart: 0,
      rankCount: RANKS,
      limits: { ringBatchesMax: 8, batchBlocksMax: 4, snapshotChunkBlocksMax: 3 },
    });
    const engine = new RandomEngine(publisher, RANKS, this.#prng);
    const started: Life = { workerId: worker, incarnation: life, engine };
    this.#lives.set(worker, started);
    // Something is published before anybody can ask for it.
    engine.act();
    await publisher.start();
    // Routers hear of it at different times.
    for (const { subscriber } of this.#routers)
      this.clock.after(this.#prng() * 200, () => this.#follow(subscriber, started));
  }

  async #startRouter(): Promise<void> {
    const sink = new BlockSets();
    const subscriber = new KvEventSubscriber({
      plane: this.#network,
      clock: this.clock,
      prng: this.#prng,
      endpoint,
      sink,
      limits: { pendingBatchesMax: 4, recoveriesMax: 2, snapshotBlocksPerTurn: 5 },
    });
    await subscriber.start();
    this.#routers.push({ sink, subscriber });
    for (const life of this.#lives.values()) this.#follow(subscriber, life);
  }

  #follow(subscriber: KvEventSubscriber, { workerId: worker, incarnation }: Life): void {
    subscriber.follow({ workerId: worker, incarnation, rankStart: 0, rankCount: RANKS });
  }
}

describe('KV events over a bad network', () => {
  it(
    'leave every subscriber with the publishers’ sets when traffic stops',
    { timeout: 120_000 },
    async () => {
      const seen = {
        gaps: 0,
        staleBatches: 0,
        recoveredByBatches: 0,
        recoveredBySnapshot: 0,
        failedRecoveries: 0,
        droppedBatches: 0,
      };
      for (let seed = 0; seed < 40; seed += 1) {
        const simulation = new Simulation(seed);
        try {
          await simulation.run(150);
          for (const counts of simulation.check())
            for (const name of Object.keys(seen) as (keyof typeof seen)[]) seen[name] += counts[name];
          await simulation.close();
        } catch (error) {
          throw new Error(`Simulation with seed ${seed} failed`, { cause: error });
        }
      }
      // Each kind of trouble has really been met, often.
      for (const [name, count] of Object.entries(seen)) expect(count, name).toBeGreaterThan(40);
    },
  );
});
