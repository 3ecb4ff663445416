import {
  decodeEngineBatch,
  EngineKvLedger,
  rankEndpoint,
  TrtllmEventStream,
  ZmqEventSource,
} from '@kvasir/engine-events';
import type { CopyRule, EngineKvBatch, TrtllmReading } from '@kvasir/engine-events';
import type { KvEventPublisher } from '@kvasir/event-plane';
import type { WatchedSocket } from '@kvasir/self-check';
import type { CancelTimer, Clock } from '@kvasir/service';
import type { EngineConfig } from './engine-config.js';
import type { EngineAccess, EngineHttp } from './engine-http.js';
import type { RankTaker } from './rank-taker.js';
import type { WatchMetrics } from './watch-metrics.js';

/** How often TensorRT-LLM is asked for events; it keeps them until then. */
const PULL_MS = 100;
/** How long an engine may take to tell what it has told before. */
const CATCH_UP_MS_MAX = 5_000;
const CATCH_UP_LOOK_MS = 20;

export interface RankEventsOptions {
  readonly config: EngineConfig;
  readonly engine: EngineAccess;
  readonly blockSize: number;
  /** Blocks that each rank of the engine has; null when it does not say. */
  readonly kvBlocksTotal: number | null;
  readonly publisher: KvEventPublisher;
  readonly http: Pick<EngineHttp, 'pullEvents'>;
  readonly clock: Clock;
  readonly metrics: WatchMetrics;
  /** The engine has started anew: this life is over. */
  readonly restarted: () => void;
}

/** The event streams of all ranks of one engine, into its publisher. */
export class RankEvents {
  readonly #options: RankEventsOptions;
  readonly #ledgers: readonly EngineKvLedger[];
  /** By rank. */
  readonly #sources = new Map<number, ZmqEventSource>();
  /** Ends the stream of a rank before a new one begins. */
  readonly #endTaker = new Map<number, () => void>();
  #cancelPull: CancelTimer | null = null;
  #isPulling = false;
  #appliedEvents = 0;
  #storedEvents = 0;
  /** What could not be taken at all, by reason. */
  readonly #dropped = new Map<string, number>();
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

  /** Events taken so far: while it grows the engine works. */
  get appliedEvents(): number {
    return this.#appliedEvents;
  }

  /** Events that told of blocks so far. */
  get storedEvents(): number {
    return this.#storedEvents;
  }

  /** True while nothing of before is being read. */
  get isCaughtUp(): boolean {
    return [...this.#sources.values()].every(({ isCaughtUp }) => isCaughtUp);
  }

  /** The sockets that are read. */
  sockets(): readonly WatchedSocket[] {
    const { kvEvents } = this.#options.config;
    if (kvEvents.kind !== 'zmq') return [];
    return [...this.#sources].map(([rank, { wasConnected }]) => ({
      rank,
      endpoint: rankEndpoint(kvEvents.endpoint, rank),
      wasConnected,
    }));
  }

  /** True when every connection that brought events was lost: the engine's process has gone. */
  get isCutOff(): boolean {
    return this.#sources.size > 0 && [...this.#sources.values()].every(({ isCutOff }) => isCutOff);
  }

  /** Times that a connection was lost, over all ranks. */
  get cutOffs(): number {
    return [...this.#sources.values()].reduce((sum, { cutOffs }) => sum + cutOffs, 0);
  }

  /** Resolves once what the engine still had to tell was taken, or after a while. */
  async caughtUp(): Promise<void> {
    const { clock } = this.#options;
    const endMs = clock.nowMs() + CATCH_UP_MS_MAX;
    while (!this.isCaughtUp && clock.nowMs() < endMs)
      await new Promise<void>((resolve) => clock.after(CATCH_UP_LOOK_MS, resolve));
  }

  /** Events that were left out, and messages that could not be taken, over all ranks. */
  counts(): ReadonlyMap<string, number> {
    const sums = new Map(this.#dropped);
    const add = (reason: string, count: number): void =>
      void sums.set(reason, (sums.get(reason) ?? 0) + count);
    for (const ledger of this.#ledgers)
      for (const [reason, count] of Object.entries(ledger.counts())) add(reason, count);
    for (const source of this.#sources.values()) {
      const { malformed, repeated, failed } = source.counts();
      add('malformedMessages', malformed);
      add('repeatedMessages', repeated);
      add('failedMessages', failed);
    }
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
    for (const source of this.#sources.values()) source.close();
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
            this.#drop(batch);
            return;
          }
          // Behind an external balancer an engine's only rank has a number of the whole deployment; among several it is a mix-up.
          if (batch.rank !== null && batch.rank !== rank && config.rankCount > 1) this.#drop('otherRank');
          else this.#apply(batch, ledger);
        },
        began: (reason) => {
          metrics.losses.inc({ worker_id: config.workerId, reason });
          if (reason === 'restarted') restarted();
          else ledger.clear();
        },
      },
    });
    this.#sources.set(rank, source);
    source.start();
  }

  /** What the engine has told was misread: it is asked for all that it keeps once more. */
  #readAnew(rank: number): void {
    const { metrics, config } = this.#options;
    metrics.losses.inc({ worker_id: config.workerId, reason: 'overfull' });
    const ledger = this.#ledgers[rank];
    if (config.kvEvents.kind !== 'zmq' || ledger === undefined || this.#isClosed) return;
    this.#sources.get(rank)?.close();
    ledger.clear();
    this.#listen(rank, ledger, config.kvEvents);
  }

  async #pull(): Promise<void> {
    if (this.#isPulling) return;
    this.#isPulling = true;
    try {
      const { http, engine } = this.#options;
      const reading = this.#pulled.read(await http.pullEvents(engine));
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
    const { metrics, config, clock } = this.#options;
    const nowMs = clock.nowMs();
    this.#appliedEvents += events.length;
    for (const event of events) {
      ledger.apply(event, nowMs);
      if (event.kind === 'stored') this.#storedEvents += 1;
      metrics.events.inc({ worker_id: config.workerId, kind: event.kind });
    }
    for (const reason of dropped) this.#drop(reason);
  }

  #drop(reason: string): void {
    const { metrics, config } = this.#options;
    metrics.dropped.inc({ worker_id: config.workerId, reason });
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
  }

  #ledger(rank: number): EngineKvLedger {
    const { blockSize, kvBlocksTotal, publisher, config } = this.#options;
    const sink = {
      stored: (parent: Uint32Array | null, hashes: Uint32Array) => {
        const outcome = publisher.publishStored(rank, parent, hashes);
        if (outcome.kind === 'published' || outcome.kind === 'duplicate') return;
        this.#drop(outcome.kind);
      },
      removed: (hashes: Uint32Array) => void publisher.publishRemoved(rank, hashes),
      cleared: () => publisher.publishCleared(rank),
    };
    return new EngineKvLedger(blockSize, sink, {
      copies: copyRuleOf(config),
      blocksMax: kvBlocksTotal,
      // Not in the middle of a message: what is left of it is of what was forgotten.
      mustReadAnew: () => queueMicrotask(() => this.#readAnew(rank)),
    });
  }
}

/** SGLang and TensorRT-LLM keep each block once; what an engine tells over gRPC is what it has. */
function copyRuleOf({ kvCopies, dialect, kvEvents }: EngineConfig): CopyRule {
  return kvCopies ?? (dialect === 'vllm' && kvEvents.kind === 'zmq' ? 'learned' : 'single');
}
