import type { WorkerRecord } from '@kvasir/contract';
import { KvEventPublisher } from '@kvasir/event-plane';
import type { EventPlane } from '@kvasir/event-plane';
import type { RecordLease, Registry } from '@kvasir/registry';
import { EventAccount } from '@kvasir/self-check';
import type { EventAccountState, WatchedSocket } from '@kvasir/self-check';
import type { Clock } from '@kvasir/service';
import type { EngineConfig } from './engine-config.js';
import type { EngineAccess, EngineHttp } from './engine-http.js';
import { LoadReports } from './load-reports.js';
import type { WatchMetrics } from './watch-metrics.js';
import type { RankTaker } from './rank-taker.js';
import { RankEvents } from './rank-events.js';

export interface LifeParts {
  readonly registry: Registry;
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  readonly epochMs: () => number;
  readonly http: Pick<EngineHttp, 'loads' | 'pullEvents'>;
  readonly engine: EngineAccess;
  readonly metrics: WatchMetrics;
  readonly leaseMs: number;
  readonly loadMs: number;
  readonly restarted: () => void;
}

/** More batches than one publisher can number in a ms: each holds what came within one, or 2,048 blocks. */
const BATCHES_PER_MS_MAX = 64;

/** Why a record cannot be had: the pool does not take it, or the registry does not answer. Null when it can. */
export type ListProblem = string | null;

/**
 * One life of an engine's process, as routers know it: its record, its events, its numbered batches. It may be taken off the list and listed again: while
 * it is off, what its cache holds is kept up to date.
 */
export class EngineLife {
  #record: WorkerRecord;
  #lease: RecordLease<WorkerRecord> | null = null;
  /** Of its events, when it was taken off the list. */
  #cutOffsBefore = 0;
  readonly #parts: LifeParts;
  readonly #publisher: KvEventPublisher;
  readonly #events: RankEvents;
  readonly #loads: LoadReports;
  readonly #account = new EventAccount();

  private constructor(
    record: WorkerRecord,
    parts: LifeParts,
    made: { readonly publisher: KvEventPublisher; readonly events: RankEvents },
  ) {
    this.#record = record;
    this.#parts = parts;
    this.#publisher = made.publisher;
    this.#events = made.events;
    this.#loads = new LoadReports(record, {
      ...parts,
      reported: (work, openRequests) => {
        const { storedEvents, isCaughtUp } = made.events;
        const { blockSize } = this.#record;
        this.#account.look({ work, openRequests, storedEvents, blockSize, isCaughtUp });
      },
    });
  }

  /**
   * Begins to listen to the engine; lists nothing yet.
   * @param options.takesOver another process has told of this life before: nothing is told until all that the engine has to tell is known.
   */
  static async begin(
    config: EngineConfig,
    record: WorkerRecord,
    options: LifeParts & { readonly takesOver: boolean },
  ): Promise<EngineLife> {
    const { eventPlane, clock, epochMs, takesOver, ...parts } = options;
    const publisher = new KvEventPublisher({
      ...record,
      ...{ plane: eventPlane, clock },
      // By the wall clock, so that whoever comes next is above it whatever it has numbered.
      takesOverAfter: takesOver ? epochMs() * BATCHES_PER_MS_MAX : undefined,
    });
    const { blockSize, kvBlocksTotal } = record;
    const events = new RankEvents({ ...parts, clock, config, blockSize, kvBlocksTotal, publisher });
    if (!takesOver) await publisher.start();
    events.start();
    if (takesOver) {
      await events.caughtUp();
      await publisher.start();
    }
    return new EngineLife(record, options, { publisher, events });
  }

  get record(): WorkerRecord {
    return this.#record;
  }

  /** True while it stands in the registry because of us. */
  get isListed(): boolean {
    return this.#lease?.state().kind === 'held';
  }

  /** True once somebody else has registered in its place. */
  get isSuperseded(): boolean {
    return this.#lease?.state().kind === 'superseded';
  }

  get heldBlocks(): number {
    return this.#events.heldBlocks;
  }

  /** Grows with everything that the engine is seen to do. */
  get progress(): number {
    return this.#events.appliedEvents + this.#loads.workDone;
  }

  /** True unless its events were cut off when it was taken off the list, or since: it may be another process then. */
  get isUnbroken(): boolean {
    return this.#events.cutOffs === this.#cutOffsBefore;
  }

  /** See `LoadReports.idleReports`. */
  get idleReports(): number {
    return this.#loads.idleReports;
  }

  /** See `RankEvents.isCutOff`. */
  get isCutOff(): boolean {
    return this.#events.isCutOff;
  }

  /** See `RankEvents.taker`. */
  taker(rank: number): RankTaker | null {
    return this.#events.taker(rank);
  }

  /** Events of this life that were left out, by reason. */
  leftOut(): ReadonlyMap<string, number> {
    return this.#events.counts();
  }

  /** What it computes beside what its events tell. */
  get account(): EventAccountState {
    return this.#account.state;
  }

  sockets(): readonly WatchedSocket[] {
    return this.#events.sockets();
  }

  /** Registers it, in the place of an earlier life. */
  async list(): Promise<ListProblem> {
    const { registry, leaseMs } = this.#parts;
    try {
      const outcome = await registry.registerWorker(this.#record, leaseMs);
      if (outcome.kind === 'refused') return outcome.message;
      this.#lease = outcome.lease;
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Takes it off the list; it may be listed again. */
  async unlist(): Promise<void> {
    const { cutOffs, isCutOff } = this.#events;
    this.#cutOffsBefore = cutOffs - (isCutOff ? 1 : 0);
    await this.#lease?.release();
    this.#lease = null;
  }

  /** Changes what is told of it; nothing when nothing differs. */
  async change(fields: Partial<WorkerRecord>): Promise<void> {
    const before = JSON.stringify(this.#record);
    this.#record = { ...this.#record, ...fields };
    if (JSON.stringify(this.#record) !== before) await this.#lease?.update(this.#record);
  }

  /** Stops telling of it and leaves its record to whoever looks after the engine next. */
  async leave(keepMs: number): Promise<void> {
    await this.change({ holder: undefined });
    await this.#lease?.leave(keepMs);
    await this.end();
  }

  async end(): Promise<void> {
    this.#loads.close();
    this.#events.close();
    await this.unlist();
    await this.#publisher.close();
  }
}
