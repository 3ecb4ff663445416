import { Publisher, Router } from 'zeromq';
import { endFrames, numberFrame, readFrames } from './frames.js';

/** vLLM's `buffer_steps`. */
const KEPT_MESSAGES = 10_000;

export interface ZmqPublisherOptions {
  /** Bound, e.g. `tcp://127.0.0.1:5557`, or with `*` as the port for a free one. */
  readonly endpoint: string;
  readonly replayEndpoint: string | null;
  readonly topic: string;
  /** Messages kept for who missed some. */
  readonly keptMessages?: number | undefined;
}

/** An engine's event sockets: numbered messages to whoever listens, and the last ones again to whoever asks. */
export class ZmqEventPublisher {
  readonly #options: ZmqPublisherOptions;
  readonly #publisher = new Publisher({ linger: 0 });
  readonly #router: Router | null;
  readonly #kept: { readonly number: number; readonly payload: Uint8Array }[] = [];
  #next = 0;
  /** Sends, one after the other: a socket takes one at a time. */
  #sending: Promise<void> = Promise.resolve();

  constructor(options: ZmqPublisherOptions) {
    this.#options = options;
    this.#router = options.replayEndpoint === null ? null : new Router({ linger: 0, sendHighWaterMark: 0 });
  }

  /** @throws Error when an endpoint cannot be bound; it may be tried again. */
  async start(): Promise<void> {
    const { endpoint, replayEndpoint } = this.#options;
    await this.#publisher.bind(endpoint);
    if (this.#router === null || replayEndpoint === null) return;
    try {
      await this.#router.bind(replayEndpoint);
    } catch (error) {
      await this.#publisher.unbind(this.#publisher.lastEndpoint ?? endpoint);
      throw error;
    }
    void this.#answer(this.#router);
  }

  /** Where it listens, with the real ports. */
  endpoints(): { readonly endpoint: string; readonly replayEndpoint: string | null } {
    return {
      endpoint: this.#publisher.lastEndpoint ?? '',
      replayEndpoint: this.#router?.lastEndpoint ?? null,
    };
  }

  publish(payload: Uint8Array): void {
    const number = this.#next;
    this.#next += 1;
    this.#kept.push({ number, payload });
    if (this.#kept.length > (this.#options.keptMessages ?? KEPT_MESSAGES)) this.#kept.shift();
    const frames = [Buffer.from(this.#options.topic), numberFrame(number), Buffer.from(payload)];
    this.#sending = this.#sending.then(() => this.#publisher.send(frames)).catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#sending;
    this.#publisher.close();
    this.#router?.close();
  }

  async #answer(router: Router): Promise<void> {
    try {
      for await (const frames of router) {
        const [asker] = frames;
        // Engines answer this form only; anything else is left without an answer.
        const wish = frames.length === 3 ? readFrames([...frames.slice(1), Buffer.of(0)]) : null;
        if (asker === undefined || wish === null || wish === 'end') continue;
        for (const { number, payload } of this.#kept.filter((kept) => kept.number >= wish.number))
          await router.send([asker, Buffer.alloc(0), numberFrame(number), Buffer.from(payload)]);
        await router.send([asker, Buffer.alloc(0), ...endFrames]);
      }
    } catch {
      // Closed.
    }
  }
}
