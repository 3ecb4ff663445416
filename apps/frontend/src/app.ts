import { EngineClient } from '@kvasir/engines';
import type { EventPlane } from '@kvasir/event-plane';
import type { Registry } from '@kvasir/registry';
import type { KvRouterOptions } from '@kvasir/router';
import {
  addWorkerRoutes,
  createAdminServer,
  createMetrics,
  joinMetrics,
  formatAddress,
  ProbeSightings,
} from '@kvasir/service';
import type {
  AdminServer,
  Clock,
  Component,
  DrainReport,
  FindingSource,
  Logger,
  Metrics,
  Readiness,
} from '@kvasir/service';
import type { Prng, RequestId, RouterId } from '@kvasir/units';
import type { FrontendConfig } from './config.js';
import { adminWorkers } from './admin-workers.js';
import { EndpointDirectory } from './directory.js';
import { ApiServer } from './http/api-server.js';
import { ForwardedHeaders } from './http/forwarded-headers.js';
import { RequestDesk } from './http/request-desk.js';
import { RequestIntake } from './intake/request-intake.js';
import { FrontendSelfCheck } from './self-check/frontend-self-check.js';
import { createFrontendMetrics, showShapes } from './metrics.js';
import type { FrontendMetrics } from './metrics.js';
import { modelList, onlyModel } from './model-cards.js';
import { EngineRenderer } from './rendering/engine-renderer.js';
import { ShapeBook } from './rendering/shape-book.js';
import { RouterHop } from './router-hop.js';
import { RequestLog } from './request-log.js';
import { HandoverReleases } from './serving/handover-releases.js';
import { PromptEncoder } from './serving/prompt-encoder.js';
import type { PromptText } from './serving/prompt-encoder.js';
import { PromptTokens } from './serving/prompt-tokens.js';
import { serveRequest } from './serving/serve-request.js';
import type { ServingParts } from './serving/serving-parts.js';
import { WorkerPool } from './worker-pool.js';

/** What a frontend stands on. */
export interface FrontendContext {
  readonly registry: Registry;
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly prng: Prng;
  /** Of the embedded routers. */
  readonly routerId: RouterId;
  /** Unique among all frontends of a deployment: engines and routers know requests by it. */
  readonly newRequestId: () => RequestId;
  /** Whether workers are known to be ours: only then clients' `Authorization` goes on to them. Absent: they are of this process. */
  readonly trustsWorkers?: boolean | undefined;
  /** Whether a URL that a router names may be asked; absent: all may. */
  readonly allowsWorkerUrl?: ((url: string) => boolean) | undefined;
  /** Shown on the same page. */
  readonly otherMetrics?: readonly Metrics[] | undefined;
  /** The header `authorization` that the engine at a base URL needs; null for one that needs none. */
  readonly authorizationOf?: ((url: string) => string | null) | undefined;
  /** Milliseconds since 1970; the machine's by default. */
  readonly epochMs?: (() => number) | undefined;
  /** What is wrong with whatever is looked after besides. */
  readonly otherFindings?: FindingSource | undefined;
  /** Opens what keeps the indexes of the embedded routers over restarts. */
  readonly openDurable?: KvRouterOptions['openDurable'];
  /** Started, and closed by its owner; absent makes one per tokenizer that is configured or named by workers. */
  readonly text?: PromptText | undefined;
}

export interface Frontend extends Component {
  /** Base URL, e.g. `http://127.0.0.1:8000`. @throws TypeError before it has started. */
  url(): string;
  /** @throws TypeError before it has started. */
  address(): { readonly host: string; readonly port: number };
  /** URL of the admin server; null when there is none. @throws TypeError before it has started. */
  adminUrl(): string | null;
  /** What `/ready` says. */
  readiness(): Readiness;
}

/** Builds a frontend; starts nothing. */
export function create(config: FrontendConfig, context: FrontendContext): Frontend {
  return new App(config, context);
}

class App implements Frontend {
  readonly name = 'frontend';
  readonly #config: FrontendConfig;
  readonly #context: FrontendContext;
  readonly #engines: EngineClient;
  readonly #prefillDirectory: EndpointDirectory;
  readonly #prefill: RouterHop;
  readonly #decode: WorkerPool;
  readonly #aggregated: WorkerPool;
  readonly #renderer: EngineRenderer;
  readonly #prompts: PromptTokens;
  readonly #releases: HandoverReleases;
  readonly #intake: RequestIntake;
  readonly #desk: RequestDesk;
  readonly #server: ApiServer;
  /** Null without an admin port. */
  readonly #admin: AdminServer | null;
  readonly #sightings: ProbeSightings;
  readonly #selfCheck: FrontendSelfCheck;
  #isLeaving = false;

  constructor(config: FrontendConfig, context: FrontendContext) {
    this.#config = config;
    this.#context = context;
    const { logger, clock } = context;
    const ownMetrics = createMetrics('frontend');
    const metrics = createFrontendMetrics(ownMetrics, {
      requestsInFlight: () => this.#desk.requestsInFlight,
      bodiesArriving: () => this.#intake.arrivingCount,
      bodyBytes: () => this.#intake.bytesInFlight,
      textBytes: () => this.#prompts.bytesInHand,
      rendersInFlight: () => this.#renderer.inFlight,
      renderCacheBytes: () => this.#renderer.cacheBytes,
    });
    this.#engines = new EngineClient(config.engineTimeouts, clock, context.authorizationOf);
    const { bytesMax } = config.text;
    const shapes = new ShapeBook(logger);
    showShapes(ownMetrics, shapes);
    this.#renderer = new EngineRenderer({
      ...config.rendering,
      ...{ engines: this.#engines, clock, metrics, bytesMax },
    });
    this.#prompts = new PromptTokens({
      ...config.rendering,
      local: new PromptEncoder({ ...config.text, text: context.text ?? null, clock, logger }),
      renderer: this.#renderer,
      shapes,
    });
    this.#decode = this.#pool('decode', metrics);
    this.#aggregated = this.#pool('aggregated', metrics);
    this.#prefillDirectory = new EndpointDirectory(
      context.registry,
      { namespace: config.namespace, component: 'prefill', endpoint: 'generate' },
      () => this.#prefill.refresh(),
    );
    this.#prefill = new RouterHop({
      leg: 'prefill',
      directory: this.#prefillDirectory,
      engines: this.#engines,
      clock,
      logger,
      metrics,
      timeoutMs: config.disaggregation.routerTimeoutMs,
      allowsUrl: context.allowsWorkerUrl,
      health: config.health,
    });
    this.#releases = new HandoverReleases({ decode: this.#decode, engines: this.#engines, metrics, logger });
    this.#intake = new RequestIntake(config.intake, clock);
    this.#desk = this.#openDesk(metrics);
    this.#selfCheck = this.#openSelfCheck(ownMetrics);
    this.#server = this.#openServer(ownMetrics, metrics);
    this.#sightings = new ProbeSightings(clock);
    this.#admin = this.#openAdmin(ownMetrics);
  }

  async start(signal: AbortSignal): Promise<void> {
    try {
      await this.#prompts.start();
      await this.#decode.start();
      await this.#aggregated.start();
      this.#prefillDirectory.start();
      this.#selfCheck.start();
      await this.#admin?.start(signal);
      await this.#server.listen(this.#config.http.host, this.#config.http.port);
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#context.logger.info({ url: this.url() }, 'frontend serves');
  }

  leave(): void {
    this.#isLeaving = true;
    this.#server.leave();
    this.#admin?.leave();
    this.#context.logger.info('frontend leaves: not ready, and serves on');
  }

  isWatched(): boolean {
    return this.#sightings.isWatched;
  }

  async drain(deadlineMs: number): Promise<DrainReport> {
    this.#server.leave();
    const emptied = this.#desk.drain();
    await Promise.race([
      emptied,
      new Promise<void>((resolve) => {
        const cancel = this.#context.clock.after(deadlineMs, resolve);
        void emptied.then(cancel);
      }),
    ]);
    return { abandonedRequests: this.#desk.requestsInFlight };
  }

  async close(): Promise<void> {
    this.#selfCheck.close();
    await this.#desk.endAll();
    await this.#server.close();
    await this.#releases.close();
    await this.#prefill.close();
    this.#prefillDirectory.close();
    await this.#decode.close();
    await this.#aggregated.close();
    await this.#engines.close();
    await this.#prompts.close();
    await this.#admin?.close();
  }

  url(): string {
    const { host, port } = this.address();
    return `http://${formatAddress(host, port)}`;
  }

  address(): { readonly host: string; readonly port: number } {
    return this.#server.address();
  }

  adminUrl(): string | null {
    if (this.#admin === null) return null;
    const { host, port } = this.#admin.address();
    return `http://${formatAddress(host, port)}`;
  }

  readiness(): Readiness {
    if (this.#desk.isDraining) return { kind: 'notReady', reason: 'the frontend is draining' };
    if (this.#isLeaving) return { kind: 'notReady', reason: 'the frontend is about to stop' };
    if (!this.#prompts.isSettled) return { kind: 'notReady', reason: 'the tokenizer is being loaded' };
    const decode = this.#decode.notReadyReason();
    const aggregated = this.#aggregated.notReadyReason();
    if (this.#config.disaggregation.isEnforced) return this.#enforcedReadiness(decode);
    return decode === null || aggregated === null ? READY : { kind: 'notReady', reason: decode };
  }

  #enforcedReadiness(decode: string | null): Readiness {
    if (decode !== null) return { kind: 'notReady', reason: decode };
    const { model } = this.#decode.directory;
    return model !== null && this.#prefill.isAvailable(model)
      ? READY
      : { kind: 'notReady', reason: 'disaggregation is enforced and no prefill worker can be routed to' };
  }

  #pool(component: 'decode' | 'aggregated', legMetrics: FrontendMetrics): WorkerPool {
    return new WorkerPool({
      ...this.#context,
      namespace: this.#config.namespace,
      component,
      scheduler: this.#config.scheduler,
      syncsReplicas: this.#config.syncsReplicas,
      allowsUrl: this.#context.allowsWorkerUrl,
      engines: this.#engines,
      legMetrics,
      routerTimeoutMs: this.#config.disaggregation.routerTimeoutMs,
      health: this.#config.health,
      onChange: (directory) => this.#prompts.prepare(directory),
    });
  }

  #openDesk(metrics: FrontendMetrics): RequestDesk {
    const { clock, logger, newRequestId, trustsWorkers } = this.#context;
    const parts: ServingParts = {
      config: this.#config,
      decode: this.#decode,
      aggregated: this.#aggregated,
      prefill: this.#prefill,
      prompts: this.#prompts,
      engines: this.#engines,
      releases: this.#releases,
      metrics,
      clock,
      logger,
    };
    return new RequestDesk({
      limits: this.#config.limits,
      intake: this.#intake,
      serve: (incoming) => serveRequest(parts, incoming),
      onlyModel: () => onlyModel([this.#decode.directory, this.#aggregated.directory]),
      newRequestId,
      forwardedHeaders: new ForwardedHeaders({
        names: this.#config.forwardHeaders,
        trustsWorkers: trustsWorkers ?? true,
        logger,
      }),
      metrics,
      log: new RequestLog(logger),
      answered: (record) => this.#selfCheck.answered(record),
      clock,
      logger,
    });
  }

  #openSelfCheck(metrics: Metrics): FrontendSelfCheck {
    return new FrontendSelfCheck({
      ...this.#context,
      namespace: this.#config.namespace,
      decode: this.#decode,
      aggregated: this.#aggregated,
      prefill: this.#prefill,
      prompts: this.#prompts,
      metrics,
    });
  }

  #openAdmin(ownMetrics: Metrics): AdminServer | null {
    const { admin } = this.#config;
    if (admin === null) return null;
    const pools = [this.#decode, this.#aggregated, this.#prefill];
    return createAdminServer({
      name: 'admin',
      ...admin,
      metrics: this.#page(ownMetrics),
      readiness: () => this.readiness(),
      probed: () => this.#sightings.saw(),
      findings: this.#selfCheck.findings,
      extend: (server) => addWorkerRoutes(server, adminWorkers(pools)),
    });
  }

  #page(ownMetrics: Metrics): ReturnType<typeof joinMetrics> {
    const others = [this.#decode.metrics, this.#aggregated.metrics, ...(this.#context.otherMetrics ?? [])];
    return joinMetrics(ownMetrics, others);
  }

  #openServer(ownMetrics: Metrics, metrics: FrontendMetrics): ApiServer {
    return new ApiServer(
      {
        serve: (endpoint, request, response) => void this.#desk.handle(endpoint, request, response),
        models: () => modelList([this.#decode.directory, this.#aggregated.directory]),
        newRequestId: this.#context.newRequestId,
        connectionFault: (reason) => metrics.connectionFaults.inc({ reason }),
      },
      {
        admin: {
          metrics: this.#page(ownMetrics),
          readiness: () => this.readiness(),
          probed: () => this.#sightings.saw(),
          findings: this.#selfCheck.findings,
        },
        limits: this.#config.intake.connections,
        corsAllowOrigins: this.#config.http.corsAllowOrigins,
        logger: this.#context.logger,
      },
    );
  }
}

const READY: Readiness = { kind: 'ready' };
