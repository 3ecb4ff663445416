import {
  decodeEngineBatch,
  EngineKvLedger,
  rankEndpoint,
  TrtllmEventStream,
  ZmqEventSource,
} from '@kvasir/engine-events';
import type { EngineKvBatch, TrtllmReading } from '@kvasir/engine-events';
import type { KvEventPublisher } from '@kvasir/event-plane';
import type { CancelTimer, Clock } from '@kvasir/service';
import type { EngineConfig } from './engine-config.js';
import type { EngineHttp } from './engine-http.js';
import type { RankTaker } from './rank-taker.js';
import type { WatchMetrics } from './watch-metrics.js';

/** How often TensorRT-LLM is asked for events; it keeps them until then. */
const PULL_MS = 100;

export interface RankEventsOptions {
  readonly config: EngineConfig;
  readonly blockSize: number;
  readonly publisher: KvEventPublisher;
  readonly http: EngineHttp;
  readonly clock: Clock;
  readonly metrics: WatchMetrics;
  /** The engine has started anew: this life is over. */
  readonly restarted: () => void;
}

/** The event streams of all ranks of one engine, into its publisher. */
export class RankEvents {
  readonly #options: RankEventsOptions;
  readonly #ledgers: readonly EngineKvLedger[];
  readonly #sources: ZmqEventSource[] = [];
  /** Ends the stream of a rank before a new one begins. */
  readonly #endTaker = new Map<number, () => void>();
  #cancelPull: CancelTimer | null = null;
  #isPulling = false;
  readonly #pulled = new TrtllmEventStream();
  #isClosed = false;

  constructor(options: RankEventsOptions) {
    this.#options = options;
    const { rankCount } = options.config;
    this.#ledgers = Array.from({ length: rankCount }, (_, rank) => this.#ledger(rank));
  }

  /** Engine blocks held, over all ranks. */
  get heldBlocks(): number {
    return this.#ledgers.reduce((sum, ledger) => sum + ledger.heldBlocks, 0);
  }

  /** Events that were left out, over all ranks. */
  counts(): ReadonlyMap<string, number> {
    const sums = new Map<string, number>();
    for (const ledger of this.#ledgers)
      for (const [reason, count] of Object.entries(ledger.counts()))
        sums.set(reason, (sums.get(reason) ?? 0) + count);
    return sums;
  }

  start(): void {
    const { kvEvents } = this.#options.config;
    if (kvEvents.kind === 'zmq') {
      for (const [rank, ledger] of this.#ledgers.entries()) this.#listen(rank, ledger, kvEvents);
    }
    if (kvEvents.kind === 'pull')
      this.#cancelPull = this.#options.clock.every(PULL_MS, () => void this.#pull());
  }

  /** A new stream of one rank begins: what was told of it before is void. Null for a rank that is not there. */
  taker(rank: number): RankTaker | null {
    const ledger = this.#ledgers[rank];
    if (ledger === undefined) return null;
    ledger.clear();
    let isCurrent = true;
    this.#endTaker.get(rank)?.();
    this.#endTaker.set(rank, () => (isCurrent = false));
    return (event) => {
      if (isCurrent) this.#apply({ rank, events: [event], dropped: [] }, ledger);
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelPull?.();
    for (const source of this.#sources) source.close();
  }

  #listen(
    rank: number,
    ledger: EngineKvLedger,
    kvEvents: Extract<EngineConfig['kvEvents'], { kind: 'zmq' }>,
  ): void {
    const { clock, metrics, config, restarted } = this.#options;
    const { endpoint, replayEndpoint, topic } = kvEvents;
    const source = new ZmqEventSource({
      endpoint: rankEndpoint(endpoint, rank),
      replayEndpoint: replayEndpoint === null ? null : rankEndpoint(replayEndpoint, rank),
      topic,
      clock,
      listener: {
        message: (payload) => {
          const batch = decodeEngineBatch(payload);
          if (typeof batch === 'string') {
            metrics.dropped.inc({ worker_id: config.workerId, reason: batch });
            return;
          }
          // Behind an external balancer an engine's only rank has a number of the whole deployment; among several it is a mix-up.
          if (batch.rank !== null && batch.rank !== rank && config.rankCount > 1)
            metrics.dropped.inc({ worker_id: config.workerId, reason: 'otherRank' });
          else this.#apply(batch, ledger);
        },
        began: (reason) => {
          metrics.losses.inc({ worker_id: config.workerId, reason });
          if (reason === 'restarted') restarted();
          else ledger.clear();
        },
      },
    });
    this.#sources.push(source);
    source.start();
  }

  async #pull(): Promise<void> {
    if (this.#isPulling) return;
    this.#isPulling = true;
    try {
      const { http, config } = this.#options;
      const reading = this.#pulled.read(await http.pullEvents(config.url));
      if (reading !== null && !this.#isClosed) this.#takePulled(reading);
    } finally {
      this.#isPulling = false;
    }
  }

  #takePulled({ batches, broken }: TrtllmReading): void {
    const { metrics, config, restarted } = this.#options;
    for (const { rank, reason } of broken) {
      metrics.losses.inc({ worker_id: config.workerId, reason });
      if (reason === 'lost') this.#ledgers[rank]?.clear();
    }
    if (broken.some(({ reason }) => reason === 'restarted')) {
      restarted();
      return;
    }
    for (const batch of batches) {
      const ledger = this.#ledgers[batch.rank ?? 0];
      if (ledger !== undefined) this.#apply(batch, ledger);
    }
  }

  #apply({ events, dropped }: EngineKvBatch, ledger: EngineKvLedger): void {
    const { metrics, config } = this.#options;
    for (const event of events) {
      ledger.apply(event);
      metrics.events.inc({ worker_id: config.workerId, kind: event.kind });
    }
    for (const reason of dropped) metrics.dropped.inc({ worker_id: config.workerId, reason });
  }

  #ledger(rank: number): EngineKvLedger {
    const { blockSize, publisher, metrics, config } = this.#options;
    return new EngineKvLedger(blockSize, {
      stored: (parent, hashes) => {
        const outcome = publisher.publishStored(rank, parent, hashes);
        if (outcome.kind === 'published' || outcome.kind === 'duplicate') return;
        metrics.dropped.inc({ worker_id: config.workerId, reason: outcome.kind });
      },
      removed: (hashes) => void publisher.publishRemoved(rank, hashes),
      cleared: () => publisher.publishCleared(rank),
    });
  }
}
