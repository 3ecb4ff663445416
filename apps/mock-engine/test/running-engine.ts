import { parseEndpointName } from '@kvasir/contract';
import { InProcessEventPlane, KvEventSubscriber } from '@kvasir/event-plane';
import { InProcessRegistry } from '@kvasir/registry';
import type { EndpointView } from '@kvasir/registry';
import { createLogger, readOptions, systemClock } from '@kvasir/service';
import { seededPrng } from '@kvasir/units';
import { create, mockEngineConfig, mockEngineOptions } from '../src/index.js';
import type { MockEngine } from '../src/index.js';

/** Engines over real sockets with in-process planes, and what they publish; `close` ends it all. */
export class Engines {
  readonly registry = new InProcessRegistry({ clock: systemClock });
  readonly plane = new InProcessEventPlane({ clock: systemClock });
  readonly #prng = seededPrng(3);
  readonly #running: MockEngine[] = [];

  async start(...argv: readonly string[]): Promise<MockEngine> {
    const reading = readOptions(mockEngineOptions, {
      argv: ['--http-port', '0', '--speedup', '50', ...argv],
      env: {},
    });
    if (reading.kind !== 'ok') throw new Error(`Cannot test: the flags are ${reading.kind}`);
    const engine = create(mockEngineConfig(reading.values), {
      planes: { registry: this.registry, eventPlane: this.plane },
      clock: systemClock,
      epochMs: Date.now,
      logger: createLogger({ name: 'test', level: 'silent' }),
      prng: this.#prng,
    });
    await engine.start(new AbortController().signal);
    this.#running.push(engine);
    return engine;
  }

  view(endpoint: string): EndpointView {
    const name = parseEndpointName(endpoint);
    if (name === null) throw new TypeError('Cannot test: no endpoint');
    const watch = this.registry.watch(name, () => undefined);
    const view = watch.view();
    watch.close();
    return view;
  }

  /** Hashes that the published events of an endpoint's first worker leave, as a router would hold them. */
  async follow(endpoint: string): Promise<ReadonlySet<string>> {
    const held = new Set<string>();
    const [worker] = this.view(endpoint).workers;
    if (worker === undefined) throw new Error('Cannot test: no worker');
    const subscriber = new KvEventSubscriber({
      plane: this.plane,
      clock: systemClock,
      prng: this.#prng,
      endpoint: worker.endpoint,
      sink: {
        batch({ events }) {
          for (const event of events) {
            if (event.kind === 'cleared') held.clear();
            else if (event.kind === 'removed') for (const key of keys(event.hashes)) held.delete(key);
            else for (const key of keys(event.hashes)) held.add(key);
          }
          return 'applied';
        },
        reset: () => held.clear(),
        snapshotChain: (_source, { hashes }) => {
          for (const key of keys(hashes)) held.add(key);
        },
      },
    });
    await subscriber.start();
    subscriber.follow(worker);
    return held;
  }

  async close(): Promise<void> {
    for (const engine of this.#running) await engine.close();
    await this.registry.close();
    await this.plane.close();
  }
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, text, json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {} };
}

export async function metric(engine: MockEngine, name: string): Promise<number> {
  const text = await (await fetch(`${engine.url()}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name}{`));
  return line === undefined ? NaN : Number(line.slice(line.lastIndexOf(' ') + 1));
}

/** Hash words as comparable texts. */
export function keys(words: Uint32Array): string[] {
  return Array.from(
    { length: words.length / 2 },
    (_, block) => `${words[block * 2]}:${words[block * 2 + 1]}`,
  );
}
