import { parseEndpointName } from '@kvasir/contract';
import type { WorkerRecord } from '@kvasir/contract';
import { InProcessEventPlane, KvEventPublisher } from '@kvasir/event-plane';
import { InProcessRegistry } from '@kvasir/registry';
import type { RecordLease } from '@kvasir/registry';
import { KvRouter } from '@kvasir/router';
import { addRouterService, createRpcServer, RpcError } from '@kvasir/rpc';
import type { RouterHandlers } from '@kvasir/rpc';
import { SCHEDULER_OPTIONS_DEFAULT } from '@kvasir/scheduler';
import { createLogger, createMetrics, readOptions, systemClock } from '@kvasir/service';
import type { TextService } from '@kvasir/text';
import { incarnation, requestId, routerId, seededPrng, workerId } from '@kvasir/units';
import { create, frontendConfig, frontendOptions } from '../src/index.js';
import type { Frontend, FrontendContext } from '../src/index.js';
import { startTestEngine } from './test-engine.js';
import type { Answer, TestEngine } from './test-engine.js';

export const BLOCK_SIZE = 4;
export const MODEL = 'm';

const logger = createLogger({ name: 'test', level: 'silent' });

/** Engines see what they are to answer, and no renders besides, unless a test is about these. */
const NO_RENDERS = ['--tokenizer', 'local'];

export interface TestWorker {
  readonly engine: TestEngine;
  readonly lease: RecordLease<WorkerRecord>;
  readonly record: WorkerRecord;
  readonly publisher: KvEventPublisher;
}

export interface TestRouter {
  readonly router: KvRouter;
  /** Of its record. */
  readonly lease: { release(): Promise<void> };
  /** Ids of `FindBestWorker` calls, and of `Free` calls. */
  readonly booked: string[];
  readonly freed: string[];
  close(): Promise<void>;
}

/** A prefill router and workers around a frontend, in this process, over real sockets; `close` ends it all. */
export class Scene {
  readonly registry = new InProcessRegistry({ clock: systemClock });
  readonly plane = new InProcessEventPlane({ clock: systemClock });
  /** What frontends that are started from now on stand on besides. */
  context: Partial<FrontendContext> = {};
  readonly #closers: (() => Promise<unknown>)[] = [];
  #requests = 0;

  async worker(
    component: 'prefill' | 'decode' | 'aggregated',
    id: string,
    answer: Answer,
    fields: Partial<WorkerRecord> = {},
  ): Promise<TestWorker> {
    const engine = await startTestEngine(answer);
    this.#closers.push(() => engine.crash().catch(() => undefined));
    const record: WorkerRecord = {
      workerId: workerId(id),
      incarnation: incarnation('0001'),
      endpoint: { namespace: 'kvasir', component, endpoint: 'generate' },
      url: engine.url,
      dialect: 'vllm',
      role: component === 'aggregated' ? 'both' : component,
      model: MODEL,
      contextTokensMax: 1000,
      tokenizerPath: null,
      blockSize: BLOCK_SIZE,
      rankStart: 0,
      rankCount: 1,
      kvBlocksTotal: 1000,
      batchedTokensMax: 8192,
      publishesKvEvents: true,
      isDraining: false,
      taints: [],
      loraNames: null,
      ...fields,
    };
    const publisher = new KvEventPublisher({ plane: this.plane, clock: systemClock, ...record });
    await publisher.start();
    this.#closers.push(() => publisher.close());
    const outcome = await this.registry.registerWorker(record, 60_000);
    if (outcome.kind === 'refused') throw new Error(outcome.message);
    return { engine, lease: outcome.lease, record, publisher };
  }

  /** A prefill router as the real one is: the embedded router behind the gRPC service. @param change replaces some of its methods. */
  async prefillRouter(
    change: (router: KvRouter) => Partial<RouterHandlers> = () => ({}),
  ): Promise<TestRouter> {
    const endpoint = parseEndpointName('kvasir.prefill.generate');
    if (endpoint === null) throw new TypeError('Cannot test: the endpoint has no name');
    const id = routerId(`router-${this.#closers.length}`);
    const router = new KvRouter({
      endpoint,
      routerId: id,
      blockSize: null,
      scheduler: SCHEDULER_OPTIONS_DEFAULT,
      registry: this.registry,
      eventPlane: this.plane,
      clock: systemClock,
      prng: seededPrng(1),
      logger,
      metrics: createMetrics('test'),
    });
    await router.start();
    const booked: string[] = [];
    const freed: string[] = [];
    const server = createRpcServer({ name: 'grpc', host: '127.0.0.1', port: 0, logger });
    const changed = change(router);
    addRouterService(server, {
      markPrefillComplete: (request) => router.markPrefillComplete(request),
      ...changed,
      findBestWorker: (request, ...rest) => {
        booked.push(request.requestId);
        if (changed.findBestWorker !== undefined) return changed.findBestWorker(request, ...rest);
        return book(router, request);
      },
      free: (request) => {
        freed.push(request);
        return router.free(request);
      },
    });
    await server.start(new AbortController().signal);
    const registered = await this.registry.registerRouter(
      { routerId: id, endpoint, address: server.address(), pools: [], isDraining: false },
      60_000,
    );
    if (registered.kind === 'refused') throw new Error(registered.message);
    const close = async (): Promise<void> => {
      await server.close();
      await router.close();
    };
    this.#closers.push(close);
    return { router, booked, freed, lease: registered.lease, close };
  }

  /** A frontend that is ready for requests. */
  async frontend(argv: readonly string[] = [], text?: TextService, port = 0): Promise<Frontend> {
    const reading = readOptions(frontendOptions, {
      argv: ['--http-port', String(port), ...(argv.includes('--tokenizer') ? [] : NO_RENDERS), ...argv],
      env: {},
    });
    if (reading.kind !== 'ok') throw new Error(`Cannot test: the flags are ${reading.kind}`);
    const frontend = create(frontendConfig(reading.values), {
      registry: this.registry,
      eventPlane: this.plane,
      clock: systemClock,
      logger,
      prng: seededPrng(7),
      routerId: routerId('frontend-1'),
      newRequestId: () => requestId(`request-${(this.#requests += 1)}`),
      text,
      ...this.context,
    });
    await frontend.start(new AbortController().signal);
    this.#closers.push(() => frontend.close());
    await until(() => frontend.readiness().kind === 'ready');
    return frontend;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
    await this.registry.close();
    await this.plane.close();
  }
}

function book(router: KvRouter, request: Parameters<NonNullable<RouterHandlers['findBestWorker']>>[0]) {
  const { prompt, requestId: id, constraints, overrides } = request;
  const outcome = router.route({ requestId: id, ...prompt, constraints, overrides });
  if (outcome.kind === 'rejected') {
    throw new RpcError(outcome.message, { code: outcome.code, grpcStatus: 'FAILED_PRECONDITION' });
  }
  return { ...outcome.decision, pool: null, routerAddress: null };
}

/** Waits for a moment that is not this test's own to make; ends with the test when it never comes. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}

/** The sum of one metric over all its labels. */
export async function metric(frontend: Frontend, name: string, labels = ''): Promise<number> {
  const text = await (await fetch(`${frontend.url()}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Bookings that any router holds, of the frontend's own and of the prefill routers given. */
export async function bookings(frontend: Frontend, ...routers: readonly TestRouter[]): Promise<number> {
  const own = await metric(frontend, 'kvasir_router_active_bookings');
  const prefill = routers.map(({ router }) =>
    router.potentialLoads({ tokens: new Uint32Array(0) }).reduce((sum, load) => sum + load.activeRequests, 0),
  );
  return own + prefill.reduce((sum, count) => sum + count, 0);
}

export const PROMPT = Array.from({ length: 12 }, (_, index) => index + 1);

export interface Posted {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

export interface PostOptions {
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** Sends a completion (or what `fields` make of it); the answer's head has come, its body is still to be read. */
export async function send(
  frontend: Frontend,
  fields: Record<string, unknown> = {},
  options: PostOptions = {},
): Promise<Response> {
  const body = { model: MODEL, prompt: PROMPT, max_tokens: 3, ...fields };
  return await fetch(`${frontend.url()}${options.path ?? '/v1/completions'}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...options.headers },
    body: JSON.stringify(body),
    signal: options.signal ?? null,
  });
}

/** Sends a completion (or what `fields` make of it) and reads the whole answer. */
export async function post(
  frontend: Frontend,
  fields: Record<string, unknown> = {},
  options: PostOptions = {},
): Promise<Posted> {
  const response = await send(frontend, fields, options);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
}

export const errorOf = ({ json }: Posted): { readonly code: string; readonly message: string } =>
  json['error'] as { readonly code: string; readonly message: string };

/** Payloads of a stream of events. */
export const payloads = (text: string): string[] =>
  text
    .split('\n\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice('data: '.length));
