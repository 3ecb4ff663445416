import { hostname } from 'node:os';
import { formatEndpointName } from '@kvasir/contract';
import type { RouterRecord, WorkerRecord } from '@kvasir/contract';
import { dialectOf, EngineClient, EngineLives, probeEngine } from '@kvasir/engines';
import type { EventPlane } from '@kvasir/event-plane';
import type { RecordLease, Registry, RegistryWatch } from '@kvasir/registry';
import { KvRouter } from '@kvasir/router';
import type { KvRouterOptions } from '@kvasir/router';
import { addRouterService, createRpcServer } from '@kvasir/rpc';
import type { RpcServer } from '@kvasir/rpc';
import { workerFindings } from '@kvasir/self-check';
import type { Finding } from '@kvasir/self-check';
import {
  addWorkerRoutes,
  createAdminServer,
  createMetrics,
  formatAddress,
  joinMetrics,
  SelfCheck,
  ServiceError,
  ProbeSightings,
} from '@kvasir/service';
import type {
  AdminServer,
  AdminWorkers,
  Clock,
  Component,
  DrainReport,
  FindingSource,
  Logger,
  Metrics,
  Readiness,
} from '@kvasir/service';
import { workerId } from '@kvasir/units';
import type { Prng, RequestId, RouterId } from '@kvasir/units';
import { BookingDrain } from './booking-drain.js';
import type { PrefillRouterConfig } from './config.js';
import { routerHandlers } from './handlers.js';
import { createPrefillRouterMetrics } from './metrics.js';

/** How long a router's record outlives a router that died. */
const LEASE_MS = 10_000;

/** What a prefill router stands on. */
export interface PrefillRouterContext {
  readonly registry: Registry;
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly prng: Prng;
  readonly routerId: RouterId;
  readonly newRequestId: () => RequestId;
  /** Shown on the same page. */
  readonly otherMetrics?: readonly Metrics[] | undefined;
  /** The header `authorization` that the engine at a base URL needs; null for one that needs none. */
  readonly authorizationOf?: ((url: string) => string | null) | undefined;
  /** What is wrong with whatever is looked after besides. */
  readonly otherFindings?: FindingSource | undefined;
  /** Opens what keeps the index over restarts. */
  readonly openDurable?: KvRouterOptions['openDurable'];
}

export interface PrefillRouter extends Component {
  /** `host:port` of the gRPC server. @throws TypeError before it has started. */
  address(): string;
  /** URL of `/metrics`. @throws TypeError before it has started. */
  metricsUrl(): string;
}

/** Builds a prefill router; starts nothing. */
export function create(config: PrefillRouterConfig, context: PrefillRouterContext): PrefillRouter {
  return new App(config, context);
}

class App implements PrefillRouter {
  readonly name = 'prefill-router';
  readonly #config: PrefillRouterConfig;
  readonly #context: PrefillRouterContext;
  readonly #router: KvRouter;
  readonly #engines: EngineClient;
  readonly #lives = new EngineLives();
  readonly #server: RpcServer;
  readonly #admin: AdminServer;
  readonly #sightings: ProbeSightings;
  readonly #selfCheck: SelfCheck;
  readonly #bookings: BookingDrain;
  #draining: Promise<DrainReport> | null = null;
  #lease: RecordLease<RouterRecord> | null = null;
  #watch: RegistryWatch | null = null;
  #isLeaving = false;
  #isDraining = false;

  constructor(config: PrefillRouterConfig, context: PrefillRouterContext) {
    this.#config = config;
    this.#context = context;
    const { logger } = context;
    this.#engines = new EngineClient(config.engineTimeouts, context.clock, context.authorizationOf);
    const metrics = createMetrics('prefill_router');
    this.#router = new KvRouter({
      ...context,
      endpoint: config.endpoint,
      blockSize: config.blockSize,
      scheduler: config.scheduler,
      syncsReplicas: config.syncsReplicas,
      health: config.health,
      kvUsageMax: config.kvUsageMax ?? undefined,
      poolRequestsMax: config.poolRequestsMax ?? undefined,
      metrics,
      probe: (worker) => this.#probe(worker),
    });
    this.#bookings = new BookingDrain(() => this.#router.bookingCount(), context.clock);
    this.#sightings = new ProbeSightings(context.clock);
    this.#server = createRpcServer({
      ...{ name: 'grpc', host: config.grpc.host, port: config.grpc.port, logger },
      probed: () => this.#sightings.saw(),
    });
    addRouterService(
      this.#server,
      routerHandlers(
        {
          router: this.#router,
          engines: this.#engines,
          lifeOf: (workerId) => this.#lives.of(workerId),
          metrics: createPrefillRouterMetrics(metrics),
          logger,
          newRequestId: context.newRequestId,
          release: (requestId) => {
            const isReleased = this.#router.free(requestId);
            this.#bookings.changed();
            return isReleased;
          },
        },
        () => this.#isDraining,
      ),
    );
    const sources = [
      () => this.#findings(),
      ...(context.otherFindings === undefined ? [] : [context.otherFindings]),
    ];
    this.#selfCheck = new SelfCheck({ ...context, metrics, sources });
    this.#admin = createAdminServer({
      name: 'admin',
      host: config.admin.host,
      port: config.admin.port,
      metrics: joinMetrics(metrics, context.otherMetrics ?? []),
      readiness: () => this.#readiness(),
      probed: () => this.#sightings.saw(),
      findings: this.#selfCheck.findings,
      extend: (server) => addWorkerRoutes(server, this.#adminWorkers()),
    });
  }

  async start(signal: AbortSignal): Promise<void> {
    try {
      this.#selfCheck.start();
      await this.#admin.start(signal);
      await this.#router.start();
      this.#watch = this.#context.registry.watch(this.#config.endpoint, ({ workers }) =>
        this.#lives.apply(workers),
      );
      await this.#server.start(signal);
      const outcome = await this.#context.registry.registerRouter(this.#record(), LEASE_MS);
      if (outcome.kind === 'refused') throw new ServiceError('SERVICE_BAD_CONFIGURATION', outcome.message);
      this.#lease = outcome.lease;
    } catch (error) {
      await this.close();
      throw error;
    }
    const endpoint = formatEndpointName(this.#config.endpoint);
    this.#context.logger.info({ endpoint, address: this.address() }, 'prefill router serves');
  }

  /** Says everywhere that it is going: probes, health checks, its record. Books as before for those who have not heard it. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    this.#server.setServing(false);
    this.#admin.leave();
    this.#context.logger.info('prefill router leaves: not ready, and serves on');
    await this.#lease?.update(this.#record()).catch((error: unknown) => {
      this.#context.logger.warn({ error }, 'the record cannot say that this router leaves');
    });
  }

  isWatched(): boolean {
    return this.#sightings.isWatched;
  }

  /**
   * Books nothing new, and serves on until what is booked is freed: a request that another process runs has to tell how it ends. Then lets
   * running calls finish. A booking left at the deadline counts as abandoned.
   */
  drain(deadlineMs: number): Promise<DrainReport> {
    this.#draining ??= this.#drain(deadlineMs);
    return this.#draining;
  }

  async close(): Promise<void> {
    this.#isDraining = true;
    this.#selfCheck.close();
    await this.#lease?.release();
    this.#lease = null;
    await this.#server.close();
    this.#watch?.close();
    await this.#router.close();
    await this.#engines.close();
    await this.#admin.close();
  }

  address(): string {
    return this.#server.address();
  }

  metricsUrl(): string {
    const { host, port } = this.#admin.address();
    return `http://${host}:${port}/metrics`;
  }

  async #drain(deadlineMs: number): Promise<DrainReport> {
    const { clock, logger } = this.#context;
    const endMs = clock.nowMs() + deadlineMs;
    this.#isDraining = true;
    if (!this.#isLeaving) await this.leave();
    const bookingsLeft = await this.#bookings.finished(Math.max(0, endMs - clock.nowMs()));
    const { abandonedRequests } = await this.#server.drain(Math.max(0, endMs - clock.nowMs()));
    logger.info({ bookingsLeft, abandonedRequests }, 'prefill router drained');
    // A running Generate is a call and a booking: it is counted once.
    return { abandonedRequests: Math.max(bookingsLeft, abandonedRequests) };
  }

  #findings(): readonly Finding[] {
    const here = { hostName: hostname(), epochMs: Date.now() };
    return [...workerFindings(this.#router.workers(), here), ...this.#router.findings()];
  }

  #adminWorkers(): AdminWorkers {
    const router = this.#router;
    return {
      all: () =>
        router.workers().map((worker) => ({
          workerId: worker.workerId,
          url: worker.url,
          isDraining: router.isDraining(worker),
        })),
      setDraining: (id, isDraining) => router.setDraining(workerId(id), isDraining),
    };
  }

  #record(): RouterRecord {
    const { routerId } = this.#context;
    return {
      routerId,
      endpoint: this.#config.endpoint,
      address: this.#advertised(),
      pools: [],
      isDraining: this.#isLeaving,
    };
  }

  /** Where others reach this router: the host it listens on may mean "all addresses of this machine". */
  #advertised(): string {
    const { advertisedHost } = this.#config.grpc;
    const port = Number(this.address().split(':').at(-1));
    return advertisedHost === null ? this.address() : formatAddress(advertisedHost, port);
  }

  #readiness(): Readiness {
    if (this.#isDraining) return { kind: 'notReady', reason: 'the router is draining' };
    const reason = this.#router.notReadyReason();
    return reason === null ? { kind: 'ready' } : { kind: 'notReady', reason };
  }

  async #probe({ url, dialect, model }: WorkerRecord): Promise<boolean> {
    const outcome = await probeEngine(this.#engines, { url, dialect: dialectOf(dialect), model });
    return outcome.kind === 'serves';
  }
}
