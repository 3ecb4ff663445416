import { Agent, createServer, request as send } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@kvasir/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DistributedStack } from '../src/distributed-stack.js';
import { stackDefaults } from './start-stack.js';

const PROBE_MS = 1_000;
const CLIENTS = 8;
const SOON = { timeout: 60_000 };

interface Backend {
  readonly url: string;
  readonly agent: Agent;
  isUp: boolean;
}

/** As simple as balancers are: takes turns among those whose last probe was good, keeps connections, tries nothing twice. */
class Balancer {
  readonly #backends: readonly Backend[];
  readonly #server: Server;
  readonly #timer: NodeJS.Timeout;
  #turn = 0;

  constructor(urls: readonly string[]) {
    this.#backends = urls.map((url) => ({ url, agent: new Agent({ keepAlive: true }), isUp: true }));
    this.#server = createServer((request, response) => this.#pass(request, response));
    this.#timer = setInterval(() => {
      for (const backend of this.#backends) void this.#probe(backend);
    }, PROBE_MS);
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#server.closeAllConnections();
    this.#server.close();
    for (const { agent } of this.#backends) agent.destroy();
  }

  async #probe(backend: Backend): Promise<void> {
    backend.isUp = await fetch(`${backend.url}/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const up = this.#backends.filter(({ isUp }) => isUp);
    const backend = up[(this.#turn += 1) % Math.max(1, up.length)];
    const fail = (): void => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    };
    if (backend === undefined) {
      fail();
      return;
    }
    const { method, headers, url = '' } = request;
    const passed = send(`${backend.url}${url}`, { method, headers, agent: backend.agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.on('error', fail);
      answer.pipe(response);
    });
    passed.on('error', fail);
    request.pipe(passed);
  }
}

/** Clients that ask one after the other until they are told to stop. */
function load(url: string) {
  const failures: string[] = [];
  let answered = 0;
  let isOver = false;
  const ask = async (stream: boolean): Promise<void> => {
    const response = await fetch(`${url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'kvasir-mock', prompt: 'a b c', max_tokens: 8, stream }),
    });
    const text = await response.text();
    const isWhole = response.status === 200 && (!stream || text.includes('[DONE]'));
    if (!isWhole || text.includes('"error"')) failures.push(`${response.status} ${text.slice(0, 200)}`);
    answered += 1;
    if (response.headers.get('x-kvasir-prefill-worker') === null) failures.push('not disaggregated');
  };
  const clients = Array.from({ length: CLIENTS }, async (_, index) => {
    while (!isOver)
      await ask(index % 2 === 0).catch((error: unknown) => {
        failures.push(String(error));
      });
  });
  return {
    failures,
    answered: () => answered,
    async stop() {
      isOver = true;
      await Promise.all(clients);
    },
  };
}

describe('services that stop under load, behind a balancer with a probe', () => {
  let stack: DistributedStack;
  let balancer: Balancer;
  let url = '';

  beforeAll(async () => {
    const values = { ...stackDefaults(), distributed: true, speedup: 50 };
    stack = new DistributedStack(values, { clock: systemClock, tell: () => undefined });
    await stack.start(new AbortController().signal);
    balancer = new Balancer(stack.summary().frontendUrls);
    url = await balancer.start();
  });
  afterAll(async () => {
    balancer.close();
    await stack.close();
  });

  it.each(['prefill-router-1', 'frontend-1'])('lose no request (%s)', async (name) => {
    const clients = load(url);
    await expect.poll(clients.answered, SOON).toBeGreaterThan(20);
    await stack.terminate(name);
    const answeredThen = clients.answered();
    await expect.poll(clients.answered, SOON).toBeGreaterThan(answeredThen + 20);
    await clients.stop();
    expect(clients.failures).toEqual([]);
    expect(stack.endedWith(name)).toBe('0');
  });
});
