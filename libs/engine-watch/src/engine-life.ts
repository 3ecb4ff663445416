import type { WorkerRecord } from '@kvasir/contract';
import { KvEventPublisher } from '@kvasir/event-plane';
import type { EventPlane } from '@kvasir/event-plane';
import type { RecordLease, Registry } from '@kvasir/registry';
import type { Clock } from '@kvasir/service';
import type { EngineConfig } from './engine-config.js';
import type { EngineHttp } from './engine-http.js';
import { LoadReports } from './load-reports.js';
import type { WatchMetrics } from './watch-metrics.js';
import type { RankTaker } from './rank-taker.js';
import { RankEvents } from './rank-events.js';

export interface LifeParts {
  readonly registry: Registry;
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  readonly http: EngineHttp;
  readonly metrics: WatchMetrics;
  readonly leaseMs: number;
  readonly loadMs: number;
  readonly restarted: () => void;
}

export type LifeStart =
  | { readonly kind: 'started'; readonly life: EngineLife }
  /** The pool does not take it; the message says why. */
  | { readonly kind: 'refused'; readonly message: string };

/** One life of an engine's process, as routers know it: its record, its events, its batches numbered from 1. */
export class EngineLife {
  #record: WorkerRecord;
  readonly #lease: RecordLease<WorkerRecord>;
  readonly #publisher: KvEventPublisher;
  readonly #events: RankEvents;
  readonly #loads: LoadReports;

  private constructor(parts: {
    readonly record: WorkerRecord;
    readonly lease: RecordLease<WorkerRecord>;
    readonly publisher: KvEventPublisher;
    readonly events: RankEvents;
    readonly loads: LoadReports;
  }) {
    this.#record = parts.record;
    this.#lease = parts.lease;
    this.#publisher = parts.publisher;
    this.#events = parts.events;
    this.#loads = parts.loads;
  }

  /** Registers the engine and begins to tell of its cache. @throws RegistryError when the registry does not answer. */
  static async start(config: EngineConfig, record: WorkerRecord, parts: LifeParts): Promise<LifeStart> {
    const publisher = new KvEventPublisher({ plane: parts.eventPlane, clock: parts.clock, ...record });
    await publisher.start();
    const outcome = await parts.registry
      .registerWorker(record, parts.leaseMs)
      .catch(async (error: unknown) => {
        await publisher.close();
        throw error;
      });
    if (outcome.kind === 'refused') {
      await publisher.close();
      return { kind: 'refused', message: outcome.message };
    }
    const { blockSize, kvBlocksTotal } = record;
    const events = new RankEvents({ ...parts, config, blockSize, kvBlocksTotal, publisher });
    events.start();
    const loads = new LoadReports(record, parts);
    const life = new EngineLife({ record, lease: outcome.lease, publisher, events, loads });
    return { kind: 'started', life };
  }

  /** See `RankEvents.taker`. */
  taker(rank: number): RankTaker | null {
    return this.#events.taker(rank);
  }

  get heldBlocks(): number {
    return this.#events.heldBlocks;
  }

  /** Events of this life that were left out, by reason. */
  leftOut(): ReadonlyMap<string, number> {
    return this.#events.counts();
  }

  /** False when somebody else has taken its place, or it could not come back. */
  get isHeld(): boolean {
    return this.#lease.state().kind === 'held';
  }

  /** Takes no new requests. */
  async drain(): Promise<void> {
    await this.#change({ isDraining: true });
  }

  /** The engine has loaded or unloaded adapters. */
  async setLoraNames(loraNames: readonly string[]): Promise<void> {
    const known = this.#record.loraNames;
    const isSame = loraNames.length === known?.length && loraNames.every((name) => known.includes(name));
    if (!isSame) await this.#change({ loraNames });
  }

  async end(): Promise<void> {
    this.#loads.close();
    this.#events.close();
    await this.#lease.release();
    await this.#publisher.close();
  }

  async #change(fields: Partial<Pick<WorkerRecord, 'isDraining' | 'loraNames'>>): Promise<void> {
    this.#record = { ...this.#record, ...fields };
    await this.#lease.update(this.#record);
  }
}
