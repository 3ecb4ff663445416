import type { EventPlane } from '@kvasir/event-plane';
import type { Registry } from '@kvasir/registry';
import { createAdminServer, createMetrics } from '@kvasir/service';
import type { AdminServer, Clock, Component, DrainReport, Logger, Readiness } from '@kvasir/service';
import type { Prng } from '@kvasir/units';
import type { EngineConfig } from './engine-config.js';
import { EngineHttp } from './engine-http.js';
import { EngineWatch } from './engine-watch.js';
import { createAgentMetrics } from './metrics.js';

/** What an engine agent is built from. */
export interface EngineAgentConfig {
  readonly engines: readonly EngineConfig[];
  readonly leaseMs: number;
  readonly loadMs: number;
  readonly probeMs: number;
  readonly probeFailuresMax: number;
  readonly admin: { readonly host: string; readonly port: number };
}

/** What it stands on. */
export interface EngineAgentContext {
  readonly registry: Registry;
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly epochMs: () => number;
  readonly logger: Logger;
  readonly prng: Prng;
}

export interface EngineAgent extends Component {
  /** URL of `/metrics`. @throws TypeError before it has started. */
  metricsUrl(): string;
  /** What `/ready` says: ready while at least one engine is registered. */
  readiness(): Readiness;
}

/** Builds an engine agent; starts nothing. */
export function create(config: EngineAgentConfig, context: EngineAgentContext): EngineAgent {
  return new App(config, context);
}

class App implements EngineAgent {
  readonly name = 'engine-agent';
  readonly #http = new EngineHttp();
  readonly #watches: readonly EngineWatch[];
  readonly #admin: AdminServer;
  #isDraining = false;

  constructor(config: EngineAgentConfig, context: EngineAgentContext) {
    const metrics = createMetrics('engine_agent', { process: true });
    const agentMetrics = createAgentMetrics(metrics, (to) => {
      for (const watch of this.#watches) {
        to.isUp.set({ worker_id: watch.workerId }, watch.downReason === null ? 1 : 0);
        to.heldBlocks.set({ worker_id: watch.workerId }, watch.heldBlocks);
      }
    });
    const parts = { ...context, ...config, http: this.#http, metrics: agentMetrics };
    this.#watches = config.engines.map((engine) => new EngineWatch(engine, parts));
    this.#admin = createAdminServer({
      name: 'admin',
      ...config.admin,
      metrics,
      readiness: () => this.readiness(),
    });
  }

  /** Engines that are not there yet are waited for. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#admin.start(signal);
    await Promise.all(this.#watches.map((watch) => watch.start()));
  }

  /** Takes the engines off the routers' lists; they finish what they have by themselves. */
  async drain(): Promise<DrainReport> {
    this.#isDraining = true;
    await Promise.all(this.#watches.map((watch) => watch.drain()));
    return { abandonedRequests: 0 };
  }

  async close(): Promise<void> {
    await Promise.all(this.#watches.map((watch) => watch.close()));
    await this.#http.close();
    await this.#admin.close();
  }

  metricsUrl(): string {
    const { host, port } = this.#admin.address();
    return `http://${host}:${port}/metrics`;
  }

  readiness(): Readiness {
    if (this.#isDraining) return { kind: 'notReady', reason: 'the agent is draining' };
    const down = this.#watches.filter(({ downReason }) => downReason !== null);
    if (down.length < this.#watches.length) return { kind: 'ready' };
    const reasons = down.map(({ workerId, downReason }) => `${workerId}: ${downReason ?? ''}`);
    return { kind: 'notReady', reason: reasons.join('; ') };
  }
}
