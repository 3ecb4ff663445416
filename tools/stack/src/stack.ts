import { create as createFrontend, frontendConfig, frontendOptions } from '@kvasir/frontend';
import type { Frontend } from '@kvasir/frontend';
import { InProcessEventPlane } from '@kvasir/event-plane';
import { create as createGlobalRouter, globalRouterConfig, globalRouterOptions } from '@kvasir/global-router';
import type { GlobalRouter } from '@kvasir/global-router';
import { create as createMockEngine, mockEngineConfig, mockEngineOptions } from '@kvasir/mock-engine';
import type { MockEngine } from '@kvasir/mock-engine';
import {
  create as createPrefillRouter,
  prefillRouterConfig,
  prefillRouterOptions,
} from '@kvasir/prefill-router';
import type { PrefillRouter } from '@kvasir/prefill-router';
import { InProcessRegistry } from '@kvasir/registry';
import { ServiceError, Supervisor } from '@kvasir/service';
import type { Clock, Component, DrainReport, Logger } from '@kvasir/service';
import { createTextService, mockTokenizerPath } from '@kvasir/text';
import { requestId, routerId } from '@kvasir/units';
import type { Prng } from '@kvasir/units';
import { defaultsOf } from './defaults.js';
import { readyWithin } from './ready-within.js';
import type { StackValues } from './options.js';
import { planStack } from './plan.js';
import type { PlannedEngine, PlannedRouter, StackPlan } from './plan.js';
import type { EngineRole, RunningStack, StackSummary } from './stack-summary.js';
import type { StackPart } from './table.js';

/** What a stack takes from its process. */
export interface StackContext {
  readonly clock: Clock;
  readonly epochMs: () => number;
  /** A logger for one part of the stack. */
  readonly loggerOf: (name: string) => Logger;
  readonly prng: Prng;
  /** Never gives the same text twice. */
  readonly newId: () => string;
}

/** How long everything may take to find everything. */
const READY_TIMEOUT_MS = 30_000;

/** A whole Kvasir in one process: in-process planes, and every hop that is HTTP or gRPC in production is HTTP or gRPC here. */
export class Stack implements RunningStack {
  readonly name = 'stack';
  readonly #values: StackValues;
  readonly #context: StackContext;
  readonly #registry: InProcessRegistry;
  readonly #plane: InProcessEventPlane;
  readonly #text = createTextService({ tokenizerPath: mockTokenizerPath });
  readonly #engines: readonly { readonly role: EngineRole; readonly engine: MockEngine }[];
  readonly #plan: StackPlan;
  readonly #routers: readonly { readonly planned: PlannedRouter; readonly router: PrefillRouter }[];
  readonly #globalRouter: GlobalRouter | null;
  readonly #frontend: Frontend;
  readonly #supervisor: Supervisor;

  constructor(values: StackValues, context: StackContext) {
    this.#values = values;
    this.#context = context;
    const { clock, loggerOf } = context;
    const logger = loggerOf(this.name);
    this.#registry = new InProcessRegistry({ clock });
    this.#plane = new InProcessEventPlane({
      clock,
      onTrouble: (trouble) => logger.warn({ trouble }, 'event plane'),
    });
    this.#plan = planStack(values);
    const { engines, routers, poolsFile } = this.#plan;
    this.#engines = engines.map((planned) => ({ role: planned.role, engine: this.#engine(planned) }));
    this.#routers = routers.map((planned) => ({ planned, router: this.#createRouter(planned) }));
    this.#globalRouter = poolsFile === null ? null : this.#createGlobalRouter(poolsFile);
    this.#frontend = this.#createFrontend();
    this.#supervisor = new Supervisor({ name: this.name, logger, clock, components: this.#components() });
  }

  /** @throws ServiceError when a port is taken, or when not everything is ready in time. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#supervisor.start(signal);
    const isReady = await readyWithin(() => this.#frontend.readiness().kind === 'ready', {
      clock: this.#context.clock,
      timeoutMs: READY_TIMEOUT_MS,
      signal,
    });
    if (isReady) return;
    const readiness = this.#frontend.readiness();
    await this.close();
    signal.throwIfAborted();
    throw new ServiceError(
      'SERVICE_NOT_READY',
      `Cannot start the stack: after ${READY_TIMEOUT_MS} ms it is not ready${readiness.kind === 'ready' ? '' : `: ${readiness.reason}`}`,
    );
  }

  drain(deadlineMs: number): Promise<DrainReport> {
    return this.#supervisor.drain(deadlineMs);
  }

  close(): Promise<void> {
    return this.#supervisor.close();
  }

  summary(): StackSummary {
    const { model, blockSize, speedup } = this.#values;
    const url = this.#frontend.url();
    return {
      url,
      model,
      contextTokensMax: defaultsOf(mockEngineOptions).maxModelLen,
      vocabularySize: this.#text.vocabularySize(),
      blockSize,
      speedup,
      engines: this.#engines.map(({ role, engine }) => ({
        role,
        workerId: engine.workerId(),
        url: engine.url(),
      })),
      frontendUrls: [url],
      metricsUrls: {
        frontend: `${url}/metrics`,
        prefillRouter: this.#routers[0]?.router.metricsUrl() ?? null,
      },
      globalRouterUrl: this.#globalRouter?.adminUrl() ?? null,
    };
  }

  /** Of the global router; none without one. */
  globalRouterUrls(): readonly string[] {
    return this.#globalRouter === null ? [] : [this.#globalRouter.adminUrl()];
  }

  /** Of every router, the frontend's own among them. */
  metricsUrls(): readonly string[] {
    return [`${this.#frontend.url()}/metrics`, ...this.#routers.map(({ router }) => router.metricsUrl())];
  }

  /** Ends one part at once, and leaves its record to its lease, as a crash would. @throws RangeError for a name that no part has. */
  async kill(name: string): Promise<void> {
    const found =
      this.#routers.find(({ planned }) => planned.name === name)?.router ??
      this.#engines.find(({ engine }) => engine.workerId() === name)?.engine;
    if (found === undefined) throw new RangeError(`Cannot kill ${name}: there is no such part`);
    await found.close();
  }

  parts(): readonly StackPart[] {
    const { routerMode, kvBlocks, blockSize } = this.#values;
    const global = this.#globalRouter;
    return [
      { what: 'frontend', where: this.#frontend.url(), note: 'OpenAI API, decode routing, /metrics' },
      ...(global === null
        ? []
        : [
            {
              what: 'global router',
              where: `${global.adminUrl()}/admin/pools`,
              note: 'pools, grids, last decisions',
            },
          ]),
      ...this.#routers.map(({ planned, router }) => ({
        what: planned.name,
        where: router.address(),
        note: `gRPC, mode ${routerMode}, ${planned.endpoint}`,
      })),
      ...this.#engines.map(({ engine }) => ({
        what: engine.workerId(),
        where: engine.url(),
        note: `mock engine, ${kvBlocks} blocks of ${blockSize} tokens`,
      })),
    ];
  }

  #components(): readonly Component[] {
    const { clock } = this.#context;
    const none: DrainReport = { abandonedRequests: 0 };
    const planes: Component = {
      name: 'planes',
      start: () => Promise.resolve(),
      drain: () => Promise.resolve(none),
      close: async () => {
        await this.#registry.close();
        await this.#plane.close();
      },
    };
    const text: Component = {
      name: 'text',
      start: () => this.#text.start(),
      drain: () => Promise.resolve(none),
      close: () => this.#text.close(),
    };
    const engines = new Supervisor({
      name: 'engines',
      components: this.#engines.map(({ engine }) => engine),
      logger: this.#context.loggerOf('engines'),
      clock,
    });
    const routers = this.#routers.map(({ router }) => router);
    const global = this.#globalRouter === null ? [] : [this.#globalRouter];
    return [planes, text, engines, ...routers, ...global, this.#frontend];
  }

  #engine({ role, workerId, endpoint, speedup }: PlannedEngine): MockEngine {
    const { blockSize, kvBlocks, model, dataParallelSize, loraNames } = this.#values;
    const config = mockEngineConfig({
      ...defaultsOf(mockEngineOptions),
      httpPort: 0,
      role: role === 'aggregated' ? 'both' : role,
      workerId,
      endpoint,
      dataParallelSize,
      loraNames,
      blockSize,
      kvBlocks,
      model,
      speedup,
    });
    const { clock, epochMs, prng } = this.#context;
    return createMockEngine(config, {
      planes: { registry: this.#registry, eventPlane: this.#plane },
      clock,
      epochMs,
      logger: this.#context.loggerOf(workerId),
      prng,
      text: this.#text,
    });
  }

  #createRouter({ name, endpoint, poolRequestsMax }: PlannedRouter): PrefillRouter {
    const { routerMode, routerQueuePrefillTokens } = this.#values;
    const config = prefillRouterConfig({
      ...defaultsOf(prefillRouterOptions),
      endpoint,
      poolRequestsMax,
      grpcPort: 0,
      adminPort: 0,
      routerMode,
      routerQueuePrefillTokens,
    });
    return createPrefillRouter(config, this.#routerContext(name));
  }

  #createGlobalRouter(poolsFile: string): GlobalRouter {
    const config = globalRouterConfig({
      ...defaultsOf(globalRouterOptions, { config: poolsFile }),
      ...{ grpcPort: 0, adminPort: 0 },
    });
    const { epochMs } = this.#context;
    return createGlobalRouter(config, { ...this.#routerContext('global-router'), epochMs });
  }

  #createFrontend(): Frontend {
    const { httpHost, httpPort, routerMode, routerQueuePrefillTokens, enforceDisagg } = this.#values;
    const config = frontendConfig({
      ...defaultsOf(frontendOptions),
      httpHost,
      httpPort,
      routerMode,
      routerQueuePrefillTokens,
      enforceDisagg,
    });
    return createFrontend(config, { ...this.#routerContext('frontend'), text: this.#text });
  }

  #routerContext(name: string) {
    const { clock, prng, newId, loggerOf } = this.#context;
    return {
      registry: this.#registry,
      eventPlane: this.#plane,
      clock,
      prng,
      logger: loggerOf(name),
      routerId: routerId(`${name}-1`),
      newRequestId: () => requestId(newId()),
    };
  }
}
