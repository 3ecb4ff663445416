/**
 * Publishers and subscribers over a network that loses, repeats, delays and breaks off, with restarts of both sides. When traffic stops, every
 * subscriber's sets must equal the publishers'.
 */
import {
  newIncarnation,
  type KvChain,
  type KvEvent,
  type KvEventBatch,
  type KvSource,
} from '@kvasir/contract';
import { VirtualClock } from '@kvasir/testkit';
import { seededPrng, workerId, type Incarnation, type Prng, type WorkerId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { InProcessEventPlane } from './in-process-event-plane.js';
import { KvEventPublisher } from './kv-event-publisher.js';
import type { KvEventSink } from './kv-event-sink.js';
import { KvEventSubscriber, type KvSubscriberCounts } from './kv-event-subscriber.js';
import { FaultyEventPlane } from './testing/index.js';

const endpoint = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };
const RANKS = 2;

/** Blocks form a tree: block `id` is the child of block `floor(id / 2)`, blocks 1 to 3 are roots. */
const words = (ids: readonly number[]): Uint32Array =>
  Uint32Array.from(ids.flatMap((id) => [Math.imul(id, 2654435761) >>> 0, id]));
const idsOf = (hashes: Uint32Array): number[] => [...hashes].filter((_, index) => index % 2 === 1);
const parentOf = (id: number): number | null => (id < 4 ? null : Math.floor(id / 2));

/** Sets by worker and rank, kept as strictly as an index would. */
class SetsSink implements KvEventSink {
  readonly sets = new Map<string, Set<number>>();

  batch(batch: KvEventBatch): 'applied' | 'unknownParent' {
    const set = this.#set(batch);
    const outcomes = batch.events.map((event) => apply(set, event));
    return outcomes.includes(false) ? 'unknownParent' : 'applied';
  }

  reset(source: KvSource): void {
    this.#set(source).clear();
  }

  snapshotChain(source: KvSource, { hashes }: KvChain): void {
    for (const id of idsOf(hashes)) this.#set(source).add(id);
  }

  #set({ workerId: worker, rank }: KvSource): Set<number> {
    const name = `${worker}/${rank}`;
    const set = this.sets.get(name) ?? new Set<number>();
    this.sets.set(name, set);
    return set;
  }
}

/** @returns false when a run's parent is not held; nothing of the run is then taken. */
function apply(set: Set<number>, event: KvEvent): boolean {
  if (event.kind === 'cleared') set.clear();
  else if (event.kind === 'removed') for (const id of idsOf(event.hashes)) set.delete(id);
  else {
    if (event.parent !== null && idsOf(event.parent).some((id) => !set.has(id))) return false;
    for (const id of idsOf(event.hashes)) set.add(id);
  }
  return true;
}

/** An engine whose cache changes at random, and what it really holds. */
class Engine {
  readonly held = Array.from({ length: RANKS }, () => new Set<number>());
  readonly publisher: KvEventPublisher;

  constructor(
    readonly worker: WorkerId,
    readonly incarnation: Incarnation,
    readonly prng: Prng,
    plane: FaultyEventPlane,
    clock: VirtualClock,
  ) {
    const limits = { ringBatchesMax: 8, batchBlocksMax: 4, snapshotChunkBlocksMax: 3 };
    this.publisher = new KvEventPublisher({
      plane,
      clock,
      endpoint,
      workerId: worker,
      incarnation,
      rankStart: 0,
      rankCount: RANKS,
      limits,
    });
  }

  act(): void {
    const rank = Math.floor(this.prng() * RANKS);
    const held = this.held[rank] ?? new Set();
    const choice = this.prng();
    if (choice < 0.02) {
      held.clear();
      this.publisher.publishCleared(rank);
    } else if (choice < 0.3) {
      const removed = [...held].filter(() => this.prng() < 0.2);
      if (removed.length === 0) return;
      for (const id of removed) held.delete(id);
      this.publisher.publishRemoved(rank, words(removed));
    } else this.#store(rank, held);
  }

  /** A chain from a root downwards, or from a block that is held. */
  #store(rank: number, held: Set<number>): void {
    const heads = [1, 2, 3, ...[...held].map((id) => id * 2 + (this.prng() < 0.5 ? 0 : 1))];
    const run = [heads[Math.floor(this.prng() * heads.length)] ?? 1];
    while (this.prng() < 0.7) run.push((run.at(-1) ?? 1) * 2 + (this.prng() < 0.5 ? 0 : 1));
    const reachable = run.filter((id) => id < 2 ** 20);
    if (reachable.length === 0) return;
    const parent = parentOf(reachable[0] ?? 1);
    const outcome = this.publisher.publishStored(
      rank,
      parent === null ? null : words([parent]),
      words(reachable),
    );
    expect(outcome.kind).not.toBe('unknownParent');
    for (const id of reachable) held.add(id);
  }
}

class Simulation {
  readonly clock = new VirtualClock();
  readonly #plane = new InProcessEventPlane({ clock: this.clock, limits: { pendingMessagesMax: 16 } });
  readonly #network: FaultyEventPlane;
  readonly #prng: Prng;
  readonly #engines = new Map<WorkerId, Engine>();
  /** Birth of the newest life, in ms; no two share one. */
  #bornMs = 0;
  readonly #routers: { sink: SetsSink; subscriber: KvEventSubscriber }[] = [];

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
      for (const engine of this.#engines.values()) if (this.#prng() < 0.7) engine.act();
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
      for (const { worker, held } of this.#engines.values())
        held.forEach((set, rank) =>
          expect([...(sink.sets.get(`${worker}/${rank}`) ?? [])].sort(), `${worker}/${rank}`).toEqual(
            [...set].sort(),
          ),
        );
    }
    return this.#routers.map(({ subscriber }) => subscriber.counts());
  }

  async close(): Promise<void> {
    for (const { publisher } of this.#engines.values()) await publisher.close();
    for (const { subscriber } of this.#routers) await subscriber.close();
    expect(this.clock.pendingTimerCount).toBe(0);
  }

  /** Starts a worker, after killing the one of the same id. */
  async #startEngine(worker: WorkerId): Promise<void> {
    await this.#engines.get(worker)?.publisher.close();
    this.#bornMs = Math.max(this.#bornMs + 1, this.clock.nowMs());
    const life = newIncarnation(this.#bornMs, this.#prng);
    const engine = new Engine(worker, life, this.#prng, this.#network, this.clock);
    this.#engines.set(worker, engine);
    // Something before it can be asked.
    engine.act();
    await engine.publisher.start();
    // Routers hear of it at different times.
    for (const { subscriber } of this.#routers)
      this.clock.after(this.#prng() * 200, () => this.#follow(subscriber, engine));
  }

  async #startRouter(): Promise<void> {
    const sink = new SetsSink();
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
    for (const engine of this.#engines.values()) this.#follow(subscriber, engine);
  }

  #follow(subscriber: KvEventSubscriber, { worker, incarnation }: Engine): void {
    subscriber.follow({ workerId: worker, incarnation, rankStart: 0, rankCount: RANKS });
  }
}

describe('KV events over a bad network', () => {
  it('leave every subscriber with the publishers’ sets when traffic stops', async () => {
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
  });
});
