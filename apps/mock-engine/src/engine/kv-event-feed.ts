import { encodeEngineBatch } from '@kvasir/engine-events';
import type { EventFormat, MockKvEvent, ZmqEventPublisher } from '@kvasir/engine-events';
import type { KvListener, StoredContent } from './engine-driver.js';

const MS_PER_S = 1000;

/** Writes what the cache does to the engine's own event socket, one message per engine step, as stock engines do. */
export class KvEventFeed implements KvListener {
  readonly #publisher: ZmqEventPublisher;
  readonly #format: EventFormat;
  readonly #blockSize: number;
  readonly #epochMs: () => number;
  readonly #rank: number;
  #events: MockKvEvent[] = [];

  constructor(
    publisher: ZmqEventPublisher,
    options: {
      readonly format: EventFormat;
      readonly blockSize: number;
      readonly epochMs: () => number;
      readonly rank: number;
    },
  ) {
    this.#publisher = publisher;
    this.#format = options.format;
    this.#blockSize = options.blockSize;
    this.#epochMs = options.epochMs;
    this.#rank = options.rank;
  }

  stored(parent: Uint32Array | null, hashes: Uint32Array, { tokens, namespace }: StoredContent): void {
    const [parentHash] = parent === null ? [] : wholeHashes(parent);
    this.#events.push({
      kind: 'stored',
      hashes: wholeHashes(hashes),
      parent: parentHash ?? null,
      tokens,
      namespace,
      blockSize: this.#blockSize,
    });
  }

  removed(hashes: Uint32Array): void {
    this.#events.push({ kind: 'removed', hashes: wholeHashes(hashes) });
  }

  cleared(): void {
    this.#events.push({ kind: 'cleared' });
  }

  stepped(): void {
    if (this.#events.length === 0) return;
    const events = this.#events;
    this.#events = [];
    this.#publisher.publish(
      encodeEngineBatch(this.#format, { epochS: this.#epochMs() / MS_PER_S, events, rank: this.#rank }),
    );
  }
}

/** Words to the 64-bit numbers that engines name blocks by. */
function wholeHashes(words: Uint32Array): bigint[] {
  return Array.from(
    { length: words.length / 2 },
    (_, block) => (BigInt(words[2 * block + 1] ?? 0) << 32n) | BigInt(words[2 * block] ?? 0),
  );
}
