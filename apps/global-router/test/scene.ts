import { sequenceHashes } from '@kvasir/block-hash';
import { parseEndpointName } from '@kvasir/contract';
import type { EndpointName, WorkerRecord } from '@kvasir/contract';
import { KvEventPublisher } from '@kvasir/event-plane';
import { readPoolSettings } from '@kvasir/pool-policy';
import type { PoolRole, PoolSettings } from '@kvasir/pool-policy';
import type { Lease } from '@kvasir/registry';
import { KvRouter } from '@kvasir/router';
import { addRouterService, createRouterClient, createRpcServer, RpcError } from '@kvasir/rpc';
import type { RouterClient, RouterHandlers, RouterPrompt } from '@kvasir/rpc';
import { SCHEDULER_OPTIONS_DEFAULT } from '@kvasir/scheduler';
import { createLogger, createMetrics, systemClock } from '@kvasir/service';
import { incarnation, routerId, seededPrng, workerId } from '@kvasir/units';
import { expect, vi } from 'vitest';
import { create } from '../src/index.js';
import type { GlobalRouter } from '../src/index.js';
import type { TestPlanes } from './test-planes.js';

export const BLOCK_SIZE = 4;
export const SOON = { timeout: 10_000, interval: 10 };

const logger = createLogger({ name: 'test', level: 'silent' });

export function settingsOf(value: unknown): PoolSettings {
  const reading = readPoolSettings(value);
  if (reading.kind === 'invalid') throw new Error(reading.problems.join('\n'));
  return reading.settings;
}

/** Of ids that follow each other. */
export const prompt = (tokenCount: number, first = 0): RouterPrompt => ({
  tokens: Uint32Array.from({ length: tokenCount }, (_, index) => first + index),
});

/** One entry of a configuration. */
export const entry = (
  name: string,
  role: PoolRole = 'prefill',
  fields: object = {},
): Readonly<Record<string, unknown>> => ({
  name,
  role,
  endpoint: `${name}.${role}.generate`,
  ...fields,
});

/** A pool with a router that decides for real; its one worker computes nothing. */
export interface TestPool {
  readonly router: KvRouter;
  readonly endpoint: EndpointName;
  /** The worker now holds this prompt. */
  hold(tokens: Uint32Array): void;
  /** Ends router and record at once, as a crash would; the record stays until its lease is over unless it is taken off. */
  kill(isTakenOff?: boolean): Promise<void>;
}

/** Global routers and pools over sockets. */
export class Scene {
  readonly #planes: TestPlanes;
  readonly #closers: (() => unknown)[] = [];
  #routers = 0;

  constructor(planes: TestPlanes) {
    this.#planes = planes;
  }

  async pool(
    name: string,
    role: PoolRole = 'prefill',
    options: {
      readonly handlers?: Partial<RouterHandlers>;
      readonly requestsMax?: number;
      readonly loraNames?: readonly string[];
    } = {},
  ): Promise<TestPool> {
    const endpoint = parseEndpointName(`${name}.${role}.generate`);
    if (endpoint === null) throw new TypeError(`Cannot test: ${name}`);
    const { loraNames = null } = options;
    const record = { ...workerRecord(`${name}-${role}`, endpoint), loraNames };
    const { registry, eventPlane } = await this.#planes.connect();
    const publisher = new KvEventPublisher({ plane: eventPlane, clock: systemClock, ...record });
    await publisher.start();
    const worker = await registry.registerWorker(record, 60_000);
    if (worker.kind === 'refused') throw new Error(worker.message);
    const id = routerId(`${name}-${role}-router`);
    const router = new KvRouter({
      endpoint,
      routerId: id,
      blockSize: null,
      scheduler: SCHEDULER_OPTIONS_DEFAULT,
      poolRequestsMax: options.requestsMax,
      registry,
      eventPlane,
      clock: systemClock,
      prng: seededPrng(1),
      logger,
      metrics: createMetrics('test'),
    });
    await router.start();
    const server = createRpcServer({ name, host: '127.0.0.1', port: 0, logger });
    addRouterService(server, { ...localHandlers(router), ...options.handlers });
    await server.start(new AbortController().signal);
    const address = server.address();
    const registered = await registry.registerRouter(
      { routerId: id, endpoint, address, pools: [], isDraining: false },
      60_000,
    );
    if (registered.kind === 'refused') throw new Error(registered.message);
    const lease: Lease = registered.lease;
    const kill = async (isTakenOff = false): Promise<void> => {
      if (isTakenOff) await lease.release();
      await server.close();
      await router.close();
      await publisher.close();
    };
    this.#closers.push(() => kill());
    await vi.waitFor(() => expect(router.isReady()).toBe(true), SOON);
    const hold = (tokens: Uint32Array): void => {
      publisher.publishStored(0, null, sequenceHashes(tokens, BLOCK_SIZE));
      publisher.flush();
    };
    return { router, endpoint, hold, kill };
  }

  async globalRouter(
    settings: PoolSettings,
    options: { readonly namespace?: string; readonly path?: string } = {},
  ): Promise<{ router: GlobalRouter; client: (role?: PoolRole) => RouterClient }> {
    this.#routers += 1;
    const router = create(
      {
        settings,
        settingsPath: options.path ?? null,
        warnings: [],
        targets: { ttftMs: null, itlMs: null },
        namespace: options.namespace ?? 'all',
        poolTimeoutMs: 1_000,
        grpc: { host: '127.0.0.1', port: 0, advertisedHost: null },
        admin: { host: '127.0.0.1', port: 0 },
      },
      {
        ...(await this.#planes.connect()),
        clock: systemClock,
        epochMs: Date.now,
        logger,
        prng: seededPrng(this.#routers),
        routerId: routerId(`global-${this.#routers}`),
      },
    );
    await router.start(new AbortController().signal);
    this.#closers.push(() => router.close());
    const client = (role: PoolRole = 'prefill'): RouterClient => {
      const made = createRouterClient(router.address(role), { deadlineMs: 5_000 });
      this.#closers.push(() => made.close());
      return made;
    };
    return { router, client };
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
    await this.#planes.close();
  }
}

/** Waits until every pool has a router and a report. */
export async function known(router: GlobalRouter, count: number): Promise<void> {
  await vi.waitFor(async () => {
    const { pools } = (await (await fetch(`${router.adminUrl()}/admin/pools`)).json()) as {
      pools: { routerCount: number; report: unknown }[];
    };
    expect(pools.filter(({ routerCount, report }) => routerCount > 0 && report !== null)).toHaveLength(count);
  }, SOON);
}

/** Text in the Prometheus page of a router. */
export async function metricsOf(router: GlobalRouter): Promise<string> {
  return await (await fetch(`${router.adminUrl()}/metrics`)).text();
}

function localHandlers(router: KvRouter): Partial<RouterHandlers> {
  const route = (outcome: ReturnType<KvRouter['route']>) => {
    if (outcome.kind === 'rejected')
      throw new RpcError(outcome.message, { code: outcome.code, grpcStatus: 'UNAVAILABLE' });
    return { ...outcome.decision, pool: null, routerAddress: null };
  };
  return {
    bestWorkerId: ({ prompt }) => route(router.route({ requestId: null, tokens: prompt.tokens })),
    findBestWorker: ({ requestId, prompt, constraints }) =>
      route(router.route({ requestId, tokens: prompt.tokens, constraints })),
    markPrefillComplete: (requestId) => router.markPrefillComplete(requestId),
    free: (requestId) => router.free(requestId),
    getPotentialLoads: (prompt) => router.potentialLoads(prompt),
    getOverlapScores: (prompt) => ({
      blockSize: BLOCK_SIZE,
      promptBlocks: Math.floor(prompt.tokens.length / BLOCK_SIZE),
      scores: router.overlapScores(prompt),
    }),
    dumpEvents: () => router.dumpEvents(),
  };
}

function workerRecord(id: string, endpoint: EndpointName): WorkerRecord {
  return {
    workerId: workerId(id),
    incarnation: incarnation('0001'),
    endpoint,
    url: `http://${id}`,
    dialect: 'vllm',
    role: endpoint.component === 'prefill' ? 'prefill' : 'decode',
    model: 'm',
    contextTokensMax: 100_000,
    tokenizerPath: null,
    blockSize: BLOCK_SIZE,
    rankStart: 0,
    rankCount: 1,
    kvBlocksTotal: 1_000,
    batchedTokensMax: 8_192,
    publishesKvEvents: true,
    isDraining: false,
    taints: [],
    loraNames: null,
  };
}
