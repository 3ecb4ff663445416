import { rankEndpoint, ZmqEventPublisher } from '@kvasir/engine-events';
import type { EventFormat } from '@kvasir/engine-events';
import { KvEventFeed } from './kv-event-feed.js';

export interface EventSocketsOptions {
  readonly endpoint: string;
  readonly replayEndpoint: string | null;
  readonly topic: string;
  readonly format: EventFormat;
  readonly blockSize: number;
  readonly epochMs: () => number;
}

/** The event sockets of all ranks: those of rank 0 where they were asked for, the others on the next ports, as vLLM has them. */
export class EventSockets {
  readonly #publishers: ZmqEventPublisher[] = [];

  /** @returns one feed per rank. @throws Error when an endpoint cannot be bound. */
  async open(rankCount: number, options: EventSocketsOptions): Promise<readonly KvEventFeed[]> {
    const feeds: KvEventFeed[] = [];
    for (let rank = 0; rank < rankCount; rank += 1) {
      const publisher = new ZmqEventPublisher({
        endpoint: rankEndpoint(options.endpoint, rank),
        replayEndpoint: options.replayEndpoint === null ? null : rankEndpoint(options.replayEndpoint, rank),
        topic: options.topic,
      });
      this.#publishers.push(publisher);
      await publisher.start();
      const { format, blockSize, epochMs } = options;
      feeds.push(new KvEventFeed(publisher, { format, blockSize, epochMs, rank }));
    }
    return feeds;
  }

  /** Of rank 0; null while there are none. */
  endpoints(): { readonly endpoint: string; readonly replayEndpoint: string | null } | null {
    return this.#publishers[0]?.endpoints() ?? null;
  }

  async close(): Promise<void> {
    for (const publisher of this.#publishers) await publisher.close();
  }
}
