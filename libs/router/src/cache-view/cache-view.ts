import type { EndpointName, KvChain, KvEventBatch, KvSource, WorkerRecord } from '@kvasir/contract';
import { KvEventSubscriber } from '@kvasir/event-plane';
import type { EventPlane, KvEventSink } from '@kvasir/event-plane';
import type { Clock, Logger } from '@kvasir/service';
import type { Prng, RouterId, WorkerId } from '@kvasir/units';
import type { PoolScheduler } from '../pool-scheduler.js';
import { DurableIndex } from './durable-index.js';
import type { DurableParts } from './durable-index.js';
import { indexDump } from './index-dump.js';
import { kvInput } from './kv-input.js';

export interface CacheViewParts {
  readonly endpoint: EndpointName;
  readonly routerId: RouterId;
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly logger: Logger;
  readonly scheduler: PoolScheduler;
  /** Opens what keeps the index over restarts; without it every start asks the agents. */
  readonly openDurable?: ((endpoint: EndpointName) => Promise<DurableParts>) | undefined;
  /** Blocks were forgotten because the index is full. */
  readonly evicted: (blockCount: number) => void;
}

/** What the pool's workers hold: follows their KV events, and the durable log when there is one, into the scheduler's index. */
export class CacheView {
  readonly #parts: CacheViewParts;
  readonly subscriber: KvEventSubscriber;
  /** Null without a log. */
  readonly durable: DurableIndex | null;
  /** Changes of the index so far. */
  #revision = 0;

  constructor(parts: CacheViewParts) {
    this.#parts = parts;
    const { clock, prng, endpoint, eventPlane, logger, openDurable } = parts;
    this.durable = openDurable === undefined ? null : this.#createDurable(openDurable);
    this.subscriber = new KvEventSubscriber({
      plane: eventPlane,
      clock,
      prng,
      endpoint,
      sink: this.#sink(),
      feed: this.durable?.feed,
      seedOf: (source) => this.durable?.takeSeed(source) ?? null,
      onTrouble: (trouble) => logger.warn({ trouble }, 'kv event trouble'),
    });
  }

  async start(): Promise<void> {
    // With a log the first view comes first: what is in it is of workers that have to be known.
    if (this.durable === null) await this.subscriber.start();
    else await this.durable.load();
  }

  async close(): Promise<void> {
    await this.subscriber.close();
    await this.durable?.close();
  }

  /** The workers are known for the first time. */
  firstViewCame(): void {
    if (this.durable !== null) void this.subscriber.start();
  }

  /** Targets come or go: a dump that is being read is of another index. */
  targetsChanged(): void {
    this.#revision += 1;
  }

  follow(worker: WorkerRecord): void {
    if (worker.publishesKvEvents) this.subscriber.follow(worker);
  }

  unfollow(workerId: WorkerId): void {
    this.subscriber.unfollow(workerId);
  }

  #createDurable(open: (endpoint: EndpointName) => Promise<DurableParts>): DurableIndex {
    const { endpoint, routerId, clock, prng, logger, scheduler } = this.#parts;
    return new DurableIndex({
      ...{ open, endpoint, routerId, clock, prng, logger },
      dump: () =>
        scheduler.now === null ? null : indexDump(scheduler.now, this.subscriber, () => this.#revision),
      isSettled: () => this.subscriber.isSettled(),
    });
  }

  #sink(): KvEventSink {
    const { scheduler } = this.#parts;
    return {
      batch: (batch) => this.#applyBatch(batch),
      reset: ({ workerId, rank }) => {
        this.#revision += 1;
        scheduler.step({ kind: 'kvCleared', workerId, rank });
      },
      snapshotChain: ({ workerId, rank }: KvSource, { parent, hashes }: KvChain) => {
        this.#revision += 1;
        scheduler.step({ kind: 'kvRestored', workerId, rank, parent, hashes });
      },
      digest: ({ workerId, rank }) => {
        const number = scheduler.now?.targets.numberOf(workerId, rank) ?? null;
        return number === null ? null : (scheduler.now?.index.digest(number) ?? null);
      },
    };
  }

  #applyBatch({ workerId, rank, events }: KvEventBatch): 'applied' | 'unknownParent' {
    let outcome: 'applied' | 'unknownParent' = 'applied';
    this.#revision += 1;
    for (const event of events) {
      const effects = this.#parts.scheduler.step(kvInput(event, workerId, rank));
      for (const effect of effects) {
        if (effect.kind === 'unknownParent') outcome = 'unknownParent';
        if (effect.kind === 'limitReached') this.#parts.evicted(effect.evictedBlocks);
      }
    }
    return outcome;
  }
}
