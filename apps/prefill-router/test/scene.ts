import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WorkerRecord } from '@kvasir/contract';
import { InProcessEventPlane, KvEventPublisher } from '@kvasir/event-plane';
import { InProcessRegistry } from '@kvasir/registry';
import type { EndpointView, RecordLease, RegistryWatch } from '@kvasir/registry';
import { createRouterClient } from '@kvasir/rpc';
import type { RouterClient } from '@kvasir/rpc';
import { createLogger, readOptions, systemClock } from '@kvasir/service';
import { incarnation, requestId, routerId, seededPrng, workerId } from '@kvasir/units';
import { create, prefillRouterConfig, prefillRouterOptions } from '../src/index.js';
import type { PrefillRouter } from '../src/index.js';

export const BLOCK_SIZE = 4;
const ENDPOINT = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };

/** What an engine of a test does with a request's body; it may leave the answer open. */
export type Answer = (body: Record<string, unknown>, response: ServerResponse) => void;

/** A small real engine: HTTP in front, its answers are the test's. */
export interface TestEngine {
  readonly url: string;
  readonly bodies: Record<string, unknown>[];
  readonly headers: IncomingHttpHeaders[];
  /** Requests whose client left before the answer was complete. */
  readonly abandoned: { count: number };
}

/** Answers as a streaming engine does: `texts` as events, then `[DONE]`. */
export function streams(...texts: readonly string[]): Answer {
  return (_body, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const text of texts) response.write(`data: {"choices":[{"text":"${text}"}]}\n\n`);
    response.end('data: [DONE]\n\n');
  };
}

/** Answers with these server-sent events and nothing after them. */
export function sends(...events: readonly string[]): Answer {
  return (_body, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(events.map((event) => `data: ${event}\n\n`).join(''));
  };
}

/** Everything a prefill router needs around it, in this process; `close` ends it all. */
export class Scene {
  readonly registry = new InProcessRegistry({ clock: systemClock });
  readonly plane = new InProcessEventPlane({ clock: systemClock });
  readonly #closers: (() => Promise<unknown>)[] = [];
  readonly #leases = new Map<string, RecordLease<WorkerRecord>>();
  #requests = 0;
  #watch: RegistryWatch | null = null;

  async engine(answer: Answer): Promise<TestEngine> {
    const bodies: Record<string, unknown>[] = [];
    const headers: IncomingHttpHeaders[] = [];
    const abandoned = { count: 0 };
    const server: Server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>;
        bodies.push(body);
        headers.push(request.headers);
        response.on('close', () => {
          if (!response.writableFinished) abandoned.count += 1;
        });
        answer(body, response);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#closers.push(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, headers, abandoned };
  }

  async worker(id: string, url: string, changes: Partial<WorkerRecord> = {}): Promise<KvEventPublisher> {
    const record: WorkerRecord = {
      workerId: workerId(id),
      incarnation: incarnation('0001'),
      endpoint: ENDPOINT,
      url,
      dialect: 'vllm',
      role: 'prefill',
      model: 'm',
      contextTokensMax: 1000,
      tokenizerPath: null,
      blockSize: BLOCK_SIZE,
      rankStart: 0,
      rankCount: 1,
      kvBlocksTotal: 100,
      batchedTokensMax: 8192,
      publishesKvEvents: true,
      isDraining: false,
      taints: [],
      loraNames: null,
      ...changes,
    };
    const publisher = new KvEventPublisher({ plane: this.plane, clock: systemClock, ...record });
    await publisher.start();
    this.#closers.push(() => publisher.close());
    const outcome = await this.registry.registerWorker(record, 60_000);
    if (outcome.kind === 'refused') throw new Error(outcome.message);
    this.#leases.set(id, outcome.lease);
    return publisher;
  }

  /** Takes a worker off the list; its engine goes on. */
  async leave(id: string): Promise<void> {
    await this.#leases.get(id)?.release();
  }

  async router(argv: readonly string[] = []): Promise<{ router: PrefillRouter; client: RouterClient }> {
    const env = { KVASIR_PREFILL_ROUTER_GRPC_PORT: '0', KVASIR_PREFILL_ROUTER_ADMIN_PORT: '0' };
    const reading = readOptions(prefillRouterOptions, { argv, env });
    if (reading.kind !== 'ok') throw new Error(`Cannot test: the flags are ${reading.kind}`);
    const router = create(prefillRouterConfig(reading.values), {
      registry: this.registry,
      eventPlane: this.plane,
      clock: systemClock,
      logger: createLogger({ name: 'test', level: 'silent' }),
      prng: seededPrng(1),
      routerId: routerId('router-1'),
      newRequestId: () => requestId(`generated-${(this.#requests += 1)}`),
    });
    await router.start(new AbortController().signal);
    this.#closers.push(() => router.close());
    const client = createRouterClient(router.address(), { deadlineMs: 5_000 });
    this.#closers.push(() => {
      client.close();
      return Promise.resolve();
    });
    return { router, client };
  }

  /** Addresses of the routers that are registered now. */
  routers(): readonly string[] {
    return this.#view().routers.map(({ address }) => address);
  }

  drainingRouters(): readonly string[] {
    return this.#view()
      .routers.filter(({ isDraining }) => isDraining)
      .map(({ address }) => address);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
    await this.registry.close();
    await this.plane.close();
  }

  #view(): EndpointView {
    this.#watch ??= this.registry.watch(ENDPOINT, () => undefined);
    return this.#watch.view();
  }
}
