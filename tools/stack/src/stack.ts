import { create as createFrontend, frontendConfig, frontendOptions } from '@kvasir/frontend';
import type { Frontend } from '@kvasir/frontend';
import { InProcessEventPlane } from '@kvasir/event-plane';
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
import { engineNames } from './stack-summary.js';
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
  readonly #prefillRouter: PrefillRouter | null;
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
    this.#engines = engineNames(values).map(([role, workerId]) => ({
      role,
      engine: this.#engine(role, workerId),
    }));
    this.#prefillRouter = values.aggregatedWorkers === null ? this.#createPrefillRouter() : null;
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
        prefillRouter: this.#prefillRouter?.metricsUrl() ?? null,
      },
    };
  }

  parts(): readonly StackPart[] {
    const { routerMode, kvBlocks, blockSize } = this.#values;
    const router = this.#prefillRouter;
    return [
      { what: 'frontend', where: this.#frontend.url(), note: 'OpenAI API, decode routing, /metrics' },
      ...(router === null
        ? []
        : [{ what: 'prefill router', where: router.address(), note: `gRPC, mode ${routerMode}` }]),
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
    const routers = this.#prefillRouter === null ? [] : [this.#prefillRouter];
    return [planes, text, engines, ...routers, this.#frontend];
  }

  #engine(role: EngineRole, workerId: string): MockEngine {
    const { blockSize, kvBlocks, model, speedup } = this.#values;
    const config = mockEngineConfig({
      ...defaultsOf(mockEngineOptions),
      httpPort: 0,
      role: role === 'aggregated' ? 'both' : role,
      workerId,
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

  #createPrefillRouter(): PrefillRouter {
    const { routerMode } = this.#values;
    const config = prefillRouterConfig({
      ...defaultsOf(prefillRouterOptions),
      grpcPort: 0,
      adminPort: 0,
      routerMode,
    });
    return createPrefillRouter(config, this.#routerContext('prefill-router'));
  }

  #createFrontend(): Frontend {
    const { httpHost, httpPort, routerMode, enforceDisagg } = this.#values;
    const config = frontendConfig({
      ...defaultsOf(frontendOptions),
      httpHost,
      httpPort,
      routerMode,
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
