import type { EventPlane } from '@kvasir/event-plane';
import type { PoolRole, SettingsReading } from '@kvasir/pool-policy';
import type { Registry } from '@kvasir/registry';
import { createAdminServer, createMetrics, joinMetrics, SelfCheck, ServiceError } from '@kvasir/service';
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
import { routerId } from '@kvasir/units';
import type { Prng, RouterId } from '@kvasir/units';
import { addPoolRoutes } from './admin-routes.js';
import { BookingPlaces } from './booking-places.js';
import type { GlobalRouterConfig } from './config.js';
import { DecisionLog } from './decision-log.js';
import { globalHandlers } from './handlers.js';
import { createGlobalRouterMetrics, forgetPool } from './metrics.js';
import type { GlobalRouterMetrics } from './metrics.js';
import { PoolChooser } from './pool-chooser.js';
import { Pools } from './pools.js';
import { RoleService } from './role-service.js';
import type { RoutingParts } from './route-request.js';
import { SettingsWatch, withDefaultTargets } from './settings-file.js';

/** What a global router stands on. */
export interface GlobalRouterContext {
  readonly registry: Registry;
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly epochMs: () => number;
  readonly logger: Logger;
  readonly prng: Prng;
  readonly routerId: RouterId;
  /** Shown on the same page. */
  readonly otherMetrics?: readonly Metrics[] | undefined;
  /** What is wrong with what it stands on. */
  readonly otherFindings?: FindingSource | undefined;
}

export interface GlobalRouter extends Component {
  /** `host:port` of the gRPC server of a role. @throws TypeError for a role without pools, or before it has started. */
  address(role: PoolRole): string;
  /** URL of the admin server. @throws TypeError before it has started. */
  adminUrl(): string;
  readiness(): Readiness;
}

const ROLES: readonly PoolRole[] = ['prefill', 'decode', 'aggregated'];

/** Builds a global router; starts nothing. @throws ServiceError for a pool at an endpoint that it registers at itself. */
export function create(config: GlobalRouterConfig, context: GlobalRouterContext): GlobalRouter {
  for (const { name, role, endpoint } of config.settings.pools)
    if (endpoint === `${config.namespace}.${role}.generate`)
      throw new ServiceError(
        'SERVICE_BAD_CONFIGURATION',
        `Cannot use the pool "${name}": ${endpoint} is where this router registers itself`,
      );
  return new App(config, context);
}

class App implements GlobalRouter {
  readonly name = 'global-router';
  readonly #config: GlobalRouterConfig;
  readonly #context: GlobalRouterContext;
  readonly #pools: Pools;
  readonly #metrics: GlobalRouterMetrics;
  readonly #admin: AdminServer;
  readonly #selfCheck: SelfCheck;
  readonly #services: ReadonlyMap<PoolRole, RoleService>;
  #watch: SettingsWatch | null = null;
  #isLeaving = false;
  #isDraining = false;

  constructor(config: GlobalRouterConfig, context: GlobalRouterContext) {
    this.#config = config;
    this.#context = context;
    const metrics = createMetrics('global_router');
    this.#pools = new Pools(config.settings, {
      ...{ ...context, timeoutMs: config.poolTimeoutMs },
      removed: (name) => void forgetPool(this.#metrics, name),
    });
    this.#metrics = createGlobalRouterMetrics(metrics, () => this.#pools);
    const decisions = new DecisionLog();
    const parts: RoutingParts = {
      ...{ pools: this.#pools, decisions, places: new BookingPlaces(), metrics: this.#metrics },
      ...{ clock: context.clock, epochMs: context.epochMs, logger: context.logger },
      chooser: new PoolChooser({ ...context, pools: this.#pools, metrics: this.#metrics }),
    };
    this.#services = new Map(ROLES.map((role, place) => [role, this.#roleService(role, place, parts)]));
    const sources = context.otherFindings === undefined ? [] : [context.otherFindings];
    this.#selfCheck = new SelfCheck({ ...context, metrics, sources });
    this.#admin = createAdminServer({
      name: 'admin',
      ...config.admin,
      metrics: joinMetrics(metrics, context.otherMetrics ?? []),
      readiness: () => this.readiness(),
      findings: this.#selfCheck.findings,
      extend: (server) => addPoolRoutes(server, this.#pools, decisions),
    });
  }

  /** Pools that cannot be reached yet are waited for; they do not keep the others. */
  async start(signal: AbortSignal): Promise<void> {
    const { logger, clock } = this.#context;
    try {
      this.#selfCheck.start();
      await this.#admin.start(signal);
      this.#pools.apply(this.#config.settings);
      for (const service of this.#services.values()) await service.start(signal);
      if (this.#config.settingsPath !== null)
        this.#watch = new SettingsWatch(this.#config.settingsPath, {
          clock,
          onRead: (reading) => this.#reload(reading),
        });
    } catch (error) {
      await this.close();
      throw error;
    }
    for (const warning of this.#config.warnings) logger.warn({ warning }, 'configuration');
    logger.info({ pools: this.#pools.all().map(({ config }) => config.name) }, 'global router serves');
  }

  async leave(): Promise<void> {
    this.#isLeaving = true;
    this.#admin.leave();
    this.#context.logger.info('global router leaves: not ready, and serves on');
    await Promise.all([...this.#services.values()].map((service) => service.leave()));
  }

  async drain(deadlineMs: number): Promise<DrainReport> {
    this.#isDraining = true;
    const reports = await Promise.all(
      [...this.#services.values()].map((service) => service.drain(deadlineMs)),
    );
    return { abandonedRequests: reports.reduce((sum, { abandonedRequests }) => sum + abandonedRequests, 0) };
  }

  async close(): Promise<void> {
    this.#isDraining = true;
    this.#watch?.close();
    for (const service of this.#services.values()) await service.close();
    this.#pools.close();
    this.#selfCheck.close();
    await this.#admin.close();
  }

  address(role: PoolRole): string {
    const service = this.#services.get(role);
    if (service === undefined) throw new TypeError(`Cannot tell the address for ${role}`);
    return service.address();
  }

  adminUrl(): string {
    const { host, port } = this.#admin.address();
    return `http://${host}:${port}`;
  }

  /** Ready while a router of some pool is alive. */
  readiness(): Readiness {
    if (this.#isLeaving || this.#isDraining) return { kind: 'notReady', reason: 'the router is draining' };
    return this.#pools.states().some(({ routerCount }) => routerCount > 0)
      ? { kind: 'ready' }
      : { kind: 'notReady', reason: 'no router of any pool is registered' };
  }

  #roleService(role: PoolRole, place: number, parts: RoutingParts): RoleService {
    const { grpc, namespace } = this.#config;
    return new RoleService({
      ...this.#context,
      ...{ role, namespace },
      // One life of this process has a record per role, and ids are unique per endpoint only.
      routerId: routerId(`${this.#context.routerId}.${role}`),
      grpc: { ...grpc, port: grpc.port === 0 ? 0 : grpc.port + place },
      handlers: globalHandlers(parts, role, () => this.#isDraining),
      links: () => this.#pools.ofRole(role),
    });
  }

  #reload(reading: SettingsReading): void {
    const { logger } = this.#context;
    if (reading.kind === 'invalid') {
      this.#metrics.reloads.inc({ outcome: 'refused' });
      logger.error({ problems: reading.problems }, 'the configuration is wrong; the last good one counts');
      return;
    }
    this.#metrics.reloads.inc({ outcome: 'applied' });
    this.#pools.apply(withDefaultTargets(reading.settings, this.#config.targets));
    logger.info({ pools: reading.settings.pools.length }, 'configuration applied');
  }
}
