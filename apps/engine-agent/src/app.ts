import { EngineFleet, EnginesFileWatch } from '@kvasir/engine-watch';
import type { EngineConfig, EngineFleetContext, EngineWatchSettings } from '@kvasir/engine-watch';
import { addKvEventsService, createRpcServer } from '@kvasir/rpc';
import type { RpcServer } from '@kvasir/rpc';
import { createAdminServer, createMetrics, joinMetrics, SelfCheck } from '@kvasir/service';
import type { AdminServer, Component, DrainReport, FindingSource, Metrics, Readiness } from '@kvasir/service';
import { addDrainRoutes } from './drain-routes.js';
import { GrpcEventStream } from './grpc-event-stream.js';

/** What an engine agent is built from. */
export interface EngineAgentConfig extends EngineWatchSettings {
  readonly engines: readonly EngineConfig[];
  /** Where they come from, to be read again; null when they do not change. */
  readonly enginesFile: string | null;
  readonly admin: { readonly host: string; readonly port: number };
  /** Where engines open streams of KV events; served when one of them is configured to. */
  readonly grpc: { readonly host: string; readonly port: number };
}

/** What it stands on. */
export interface EngineAgentContext extends Omit<EngineFleetContext, 'metrics'> {
  /** Shown on the same page. */
  readonly otherMetrics?: readonly Metrics[] | undefined;
  /** What is wrong with what it stands on. */
  readonly otherFindings?: FindingSource | undefined;
}

export interface EngineAgent extends Component {
  /** URL of `/metrics`. @throws TypeError before it has started. */
  metricsUrl(): string;
  /** `host:port` for streams of KV events. @throws TypeError when no engine uses them, or before it has started. */
  grpcAddress(): string;
  /** What `/ready` says: ready while at least one engine is registered. */
  readiness(): Readiness;
  /** Reads the engines file again. */
  reload(): Promise<void>;
}

/** Builds an engine agent; starts nothing. */
export function create(config: EngineAgentConfig, context: EngineAgentContext): EngineAgent {
  return new App(config, context);
}

class App implements EngineAgent {
  readonly name = 'engine-agent';
  readonly #config: EngineAgentConfig;
  readonly #context: EngineAgentContext;
  readonly #fleet: EngineFleet;
  #file: EnginesFileWatch | null = null;
  readonly #admin: AdminServer;
  readonly #selfCheck: SelfCheck;
  /** Null while no engine needs it. */
  #rpc: RpcServer | null = null;

  constructor(config: EngineAgentConfig, context: EngineAgentContext) {
    this.#config = config;
    this.#context = context;
    const metrics = createMetrics('engine_agent', { process: true });
    this.#fleet = new EngineFleet(config.engines, config, { ...context, metrics });
    this.#selfCheck = new SelfCheck({
      ...context,
      metrics,
      sources: [() => this.#fleet.findings(), context.otherFindings ?? (() => [])],
    });
    this.#admin = createAdminServer({
      name: 'admin',
      ...config.admin,
      metrics: joinMetrics(metrics, context.otherMetrics ?? []),
      readiness: () => this.readiness(),
      findings: this.#selfCheck.findings,
      extend: (server) => addDrainRoutes(server, this.#fleet),
    });
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.#admin.start(signal);
    await this.#takeStreams(this.#config.engines);
    this.#selfCheck.start();
    await this.#fleet.start();
    const { enginesFile } = this.#config;
    if (enginesFile === null) return;
    this.#file = new EnginesFileWatch(enginesFile, {
      ...this.#context,
      apply: (engines) => this.#apply(engines),
    });
  }

  leave(): void {
    this.#admin.leave();
  }

  drain(): Promise<DrainReport> {
    return this.#fleet.drain();
  }

  async close(): Promise<void> {
    this.#selfCheck.close();
    this.#file?.close();
    await this.#rpc?.close();
    await this.#fleet.close();
    await this.#admin.close();
  }

  metricsUrl(): string {
    const { host, port } = this.#admin.address();
    return `http://${host}:${port}/metrics`;
  }

  grpcAddress(): string {
    if (this.#rpc === null)
      throw new TypeError('Cannot tell the gRPC address: no engine publishes over gRPC');
    return this.#rpc.address();
  }

  readiness(): Readiness {
    return this.#fleet.readiness();
  }

  async reload(): Promise<void> {
    await this.#file?.reload();
  }

  async #apply(engines: readonly EngineConfig[]): Promise<void> {
    await this.#takeStreams(engines).catch((error: unknown) =>
      this.#context.logger.error({ err: error }, 'engines cannot publish over gRPC'),
    );
    await this.#fleet.apply(engines);
  }

  /** Listens for streams of KV events once an engine opens some. */
  async #takeStreams(engines: readonly EngineConfig[]): Promise<void> {
    if (this.#rpc !== null || !engines.some(({ kvEvents }) => kvEvents.kind === 'grpc')) return;
    const { logger } = this.#context;
    const rpc = createRpcServer({ name: 'grpc', ...this.#config.grpc, logger });
    addKvEventsService(rpc, () => new GrpcEventStream((workerId, rank) => this.#fleet.taker(workerId, rank)));
    await rpc.start(new AbortController().signal);
    this.#rpc = rpc;
  }
}
