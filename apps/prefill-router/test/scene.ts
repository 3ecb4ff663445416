import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WorkerRecord } from '@kvasir/contract';
import { InProcessEventPlane, KvEventPublisher } from '@kvasir/event-plane';
import { InProcessRegistry } from '@kvasir/registry';
import { createRouterClient } from '@kvasir/rpc';
import type { RouterClient } from '@kvasir/rpc';
import { createLogger, readOptions, systemClock } from '@kvasir/service';
import { incarnation, requestId, routerId, seededPrng, workerId } from '@kvasir/units';
import { create, prefillRouterConfig, prefillRouterOptions } from '../src/index.js';
import type { PrefillRouter } from '../src/index.js';

export const BLOCK_SIZE = 4;

/** What an engine of a test does with a request's body; it may leave the answer open. */
export type Answer = (body: Record<string, unknown>, response: ServerResponse) => void;

/** A small real engine: HTTP in front, its answers are the test's. */
export interface TestEngine {
  readonly url: string;
  readonly bodies: Record<string, unknown>[];
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

/** Everything a prefill router needs around it, in this process; `close` ends it all. */
export class Scene {
  readonly registry = new InProcessRegistry({ clock: systemClock });
  readonly plane = new InProcessEventPlane({ clock: systemClock });
  readonly #closers: (() => Promise<unknown>)[] = [];
  #requests = 0;

  async engine(answer: Answer): Promise<TestEngine> {
    const bodies: Record<string, unknown>[] = [];
    const abandoned = { count: 0 };
    const server: Server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>;
        bodies.push(body);
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
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, abandoned };
  }

  async worker(id: string, url: string, blockSize = BLOCK_SIZE): Promise<KvEventPublisher> {
    const record: WorkerRecord = {
      workerId: workerId(id),
      incarnation: incarnation('0001'),
      endpoint: { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' },
      url,
      dialect: 'vllm',
      role: 'prefill',
      model: 'm',
      contextTokensMax: 1000,
      tokenizerPath: null,
      blockSize,
      rankStart: 0,
      rankCount: 1,
      kvBlocksTotal: 100,
      batchedTokensMax: 8192,
      publishesKvEvents: true,
      isDraining: false,
      taints: [],
    };
    const publisher = new KvEventPublisher({ plane: this.plane, clock: systemClock, ...record });
    await publisher.start();
    this.#closers.push(() => publisher.close());
    const outcome = await this.registry.registerWorker(record, 60_000);
    if (outcome.kind === 'refused') throw new Error(outcome.message);
    return publisher;
  }

  async router(argv: readonly string[] = []): Promise<{ router: PrefillRouter; client: RouterClient }> {
    const reading = readOptions(prefillRouterOptions, {
      argv: ['--grpc-port', '0', '--admin-port', '0', ...argv],
      env: {},
    });
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

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
    await this.registry.close();
    await this.plane.close();
  }
}
