import { newIncarnation } from '@kvasir/contract';
import type { WorkerRecord } from '@kvasir/contract';
import { KvEventPublisher } from '@kvasir/event-plane';
import type { EventPlane } from '@kvasir/event-plane';
import type { RecordLease, Registry } from '@kvasir/registry';
import { formatAddress, ServiceError } from '@kvasir/service';
import type { Clock, Component, DrainReport, Logger } from '@kvasir/service';
import { createTextService } from '@kvasir/text';
import type { TextService } from '@kvasir/text';
import { workerId } from '@kvasir/units';
import type { Incarnation, Prng, WorkerId } from '@kvasir/units';
import { Adapters } from './adapters.js';
import { advertisedHostOf } from './config.js';
import type { MockEngineConfig } from './config.js';
import { engineApis } from './dialects/engine-apis.js';
import { EngineDriver } from './engine/engine-driver.js';
import type { KvListener } from './engine/engine-driver.js';
import { KvAnnouncer } from './engine/kv-announcer.js';
import { EngineRanks } from './engine/engine-ranks.js';
import { EventSockets } from './engine/event-sockets.js';
import { ProseBook } from './engine/prose-book.js';
import type { EngineParts } from './engine-parts.js';
import type { Fault } from './faults.js';
import { FaultSwitch } from './faults.js';
import { EngineServer } from './http/engine-server.js';
import { EngineMetrics } from './metrics.js';
import { Peers } from './transfer/peers.js';
import { SideChannel } from './transfer/side-channel.js';

/** What a mock engine stands on. */
export interface MockEngineContext {
  /** Where it registers and publishes by itself; null for an engine that an agent looks after. */
  readonly planes: { readonly registry: Registry; readonly eventPlane: EventPlane } | null;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly epochMs: () => number;
  readonly logger: Logger;
  readonly prng: Prng;
  /** A tokenizer that is started already and shared; without one the engine has its own. */
  readonly text?: TextService | undefined;
  /** Called when a crash was asked for and everything of the engine is gone; a process of its own ends then. */
  readonly crashed?: (() => void) | undefined;
}

export interface MockEngine extends Component {
  /** Base URL of its HTTP server. @throws TypeError before it has started. */
  url(): string;
  /** @throws TypeError before it has started. */
  workerId(): WorkerId;
  /** Its event sockets with their real ports; null when it has none. */
  eventEndpoints(): { readonly endpoint: string; readonly replayEndpoint: string | null } | null;
}

/** How often a drain looks whether the engine is empty. */
const DRAIN_POLL_MS = 10;
/** How long a drain waits for blocks to be fetched once no request runs. */
const KEPT_GRACE_MS = 1_000;

/** Builds a mock engine; starts nothing. */
export function create(config: MockEngineConfig, context: MockEngineContext): MockEngine {
  return new App(config, context);
}

class App implements MockEngine {
  readonly name = 'mock-engine';
  readonly #config: MockEngineConfig;
  readonly #context: MockEngineContext;
  readonly #incarnation: Incarnation;
  readonly #text: TextService;
  readonly #peers = new Peers();
  readonly #faults: FaultSwitch;
  readonly #adapters: Adapters;
  readonly #ranks: EngineRanks;
  readonly #metrics: EngineMetrics;
  readonly #sideChannel: SideChannel;
  #server: EngineServer | null = null;
  #publisher: KvEventPublisher | null = null;
  readonly #sockets = new EventSockets();
  /** Per rank. */
  readonly #kvListeners: readonly KvListener[][];
  #lease: RecordLease<WorkerRecord> | null = null;
  #isDraining = false;
  #isGone = false;
  #sequences = 0;

  constructor(config: MockEngineConfig, context: MockEngineContext) {
    this.#config = config;
    this.#context = context;
    const { clock, text } = context;
    this.#incarnation = newIncarnation(context.epochMs(), context.prng);
    this.#text = text ?? createTextService({ tokenizerPath: config.model.tokenizerPath });
    this.#faults = new FaultSwitch(clock, (fault) => this.#faultChanged(fault));
    this.#adapters = new Adapters(config.model.loraNames, () => void this.#lease?.update(this.#record()));
    this.#kvListeners = Array.from({ length: config.rankCount }, () => []);
    this.#ranks = new EngineRanks(
      config.rankCount,
      (rank) =>
        new EngineDriver({
          ...{ engine: config.engine, speedup: config.speedup, clock },
          kv: toAll(this.#kvListeners[rank] ?? []),
        }),
    );
    this.#metrics = new EngineMetrics({
      dialect: config.dialect,
      model: config.model.name,
      blockSize: config.engine.blockSize,
      blockCount: config.engine.blockCount,
      rankCount: config.rankCount,
      loads: () => this.#ranks.loads(),
    });
    this.#sideChannel = new SideChannel({
      ...config.sideChannel,
      engineId: this.#incarnation,
      kept: {
        read: (id) => this.#ranks.extendLease(id, config.kvLeaseMs),
        extend: (id) => this.#ranks.extendLease(id, config.kvLeaseMs),
        release: (id) => this.#ranks.release(id),
      },
      responsive: () => this.#faults.responsive(),
    });
  }

  async start(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      await this.close();
      throw error;
    }
    const { role } = this.#config.registration;
    this.#context.logger.info({ workerId: this.workerId(), role, url: this.url() }, 'mock engine serves');
  }

  /** Takes no new routing, and lets running requests and fetches of kept blocks end. */
  async drain(deadlineMs: number): Promise<DrainReport> {
    const { clock } = this.#context;
    const endMs = clock.nowMs() + deadlineMs;
    this.#isDraining = true;
    if (!this.#isGone) await this.#lease?.update(this.#record());
    await this.#waitWhile(() => this.#requestCount() > 0, endMs);
    const abandonedRequests = this.#requestCount();
    // A decode engine that has its request in hand fetches soon; blocks that nobody has asked for by then are of a client that has left.
    const keptEndMs = Math.min(endMs, clock.nowMs() + KEPT_GRACE_MS);
    await this.#waitWhile(
      () => !this.#isGone && this.#ranks.loads().some(({ keptPrefills }) => keptPrefills > 0),
      keptEndMs,
    );
    return { abandonedRequests };
  }

  async close(): Promise<void> {
    if (this.#isGone) return;
    await this.#lease?.release();
    await this.#vanish();
  }

  url(): string {
    if (this.#server === null) throw new TypeError('Cannot tell the URL of the engine: it is not started');
    const { host, advertisedHost } = this.#config.http;
    return `http://${formatAddress(advertisedHostOf(host, advertisedHost), this.#server.port())}`;
  }

  workerId(): WorkerId {
    const { role, workerId: given } = this.#config.registration;
    if (given !== null) return workerId(given);
    if (this.#server === null) throw new TypeError('Cannot tell the id of the worker: it is not started');
    return workerId(`${role}-${this.#server.port()}`);
  }

  eventEndpoints() {
    return this.#sockets.endpoints();
  }

  async #open(): Promise<void> {
    if (this.#context.text === undefined) await this.#text.start();
    const book = await ProseBook.write(this.#text);
    await this.#sideChannel.start();
    this.#server = new EngineServer(this.#parts(book), this.#metrics);
    await this.#server.start();
    await this.#openEventSockets();
    const { planes } = this.#context;
    if (planes === null) return;
    await this.#publish(planes.eventPlane);
    const outcome = await planes.registry.registerWorker(this.#record(), this.#config.registration.leaseMs);
    if (outcome.kind === 'refused') throw new ServiceError('SERVICE_BAD_CONFIGURATION', outcome.message);
    this.#lease = outcome.lease;
  }

  async #publish(plane: EventPlane): Promise<void> {
    const { endpoint, publishesKvEvents } = this.#config.registration;
    if (!publishesKvEvents) return;
    this.#publisher = new KvEventPublisher({
      plane,
      clock: this.#context.clock,
      endpoint,
      workerId: this.workerId(),
      incarnation: this.#incarnation,
      rankStart: 0,
      rankCount: this.#ranks.count,
    });
    await this.#publisher.start();
    for (const [rank, listeners] of this.#kvListeners.entries())
      listeners.push(new KvAnnouncer(this.#publisher, rank, this.#context.logger));
  }

  async #openEventSockets(): Promise<void> {
    const { kvEvents, engine } = this.#config;
    if (kvEvents === null) return;
    const { epochMs } = this.#context;
    const { blockSize } = engine;
    const feeds = await this.#sockets.open(this.#ranks.count, { ...kvEvents, blockSize, epochMs });
    for (const [rank, feed] of feeds.entries()) this.#kvListeners[rank]?.push(feed);
  }

  #parts(book: ProseBook): EngineParts {
    const { clock, logger, epochMs } = this.#context;
    const { http } = this.#config;
    return {
      config: this.#config,
      api: engineApis[this.#config.dialect],
      ranks: this.#ranks,
      book,
      text: this.#text,
      peers: this.#peers,
      clock,
      logger,
      faults: this.#faults,
      adapters: this.#adapters,
      engineId: this.#incarnation,
      sideChannel: () => ({
        host: advertisedHostOf(this.#config.sideChannel.host, http.advertisedHost),
        port: this.#sideChannel.port(),
      }),
      nextSequenceNumber: () => (this.#sequences += 1),
      epochMs,
      finished: (end, rank) => this.#metrics.finished(end, rank),
    };
  }

  #record(): WorkerRecord {
    const { registration, model, engine } = this.#config;
    return {
      workerId: this.workerId(),
      incarnation: this.#incarnation,
      endpoint: registration.endpoint,
      url: this.url(),
      dialect: this.#config.dialect,
      role: registration.role,
      model: model.name,
      contextTokensMax: model.contextTokensMax,
      tokenizerPath: model.tokenizerPath,
      blockSize: engine.blockSize,
      rankStart: 0,
      rankCount: this.#ranks.count,
      kvBlocksTotal: engine.blockCount,
      batchedTokensMax: engine.stepTokensMax,
      publishesKvEvents: registration.publishesKvEvents,
      isDraining: this.#isDraining,
      taints: registration.taints,
      loraNames: this.#adapters.names(),
    };
  }

  #requestCount(): number {
    return this.#isGone ? 0 : this.#ranks.requestCount;
  }

  async #waitWhile(isSo: () => boolean, endMs: number): Promise<void> {
    const { clock } = this.#context;
    while (isSo() && clock.nowMs() < endMs)
      await new Promise<void>((resolve) => clock.after(DRAIN_POLL_MS, resolve));
  }

  #faultChanged(fault: Fault): void {
    if (fault.kind === 'crash') {
      // As when a process dies: nobody is told, the lease runs out by itself.
      this.#lease?.abandon();
      void this.#vanish().then(() => this.#context.crashed?.());
      return;
    }
    this.#ranks.setSlowness(fault.kind === 'slow' ? fault.factor : fault.kind === 'hang' ? Infinity : 1);
  }

  async #vanish(): Promise<void> {
    this.#isGone = true;
    this.#ranks.close();
    await this.#server?.close();
    await this.#sideChannel.close();
    await this.#publisher?.close();
    await this.#sockets.close();
    await this.#peers.close();
    if (this.#context.text === undefined) await this.#text.close();
  }
}

/** To whoever listens: routers, the engine's own sockets, both or nobody. */
function toAll(listeners: readonly KvListener[]): KvListener {
  return {
    stored: (parent, hashes, content) => {
      for (const listener of listeners) listener.stored(parent, hashes, content);
    },
    removed: (hashes) => {
      for (const listener of listeners) listener.removed(hashes);
    },
    cleared: () => {
      for (const listener of listeners) listener.cleared();
    },
    stepped: () => {
      for (const listener of listeners) listener.stepped();
    },
  };
}
