import type { KvEventPublisher } from '@kvasir/event-plane';
import type { Logger } from '@kvasir/service';
import type { KvListener } from './engine-driver.js';

/** Tells routers directly what the cache does. The cache is the truth, so what cannot be published is a fault of this program. */
export class KvAnnouncer implements KvListener {
  readonly #publisher: KvEventPublisher;
  readonly #logger: Logger;
  readonly #rank: number;

  constructor(publisher: KvEventPublisher, rank: number, logger: Logger) {
    this.#rank = rank;
    this.#publisher = publisher;
    this.#logger = logger;
  }

  stored(parent: Uint32Array | null, hashes: Uint32Array): void {
    const outcome = this.#publisher.publishStored(this.#rank, parent, hashes);
    if (outcome.kind === 'published') return;
    this.#logger.error({ outcome, blocks: hashes.length / 2 }, 'stored blocks were not published');
  }

  removed(hashes: Uint32Array): void {
    const outcome = this.#publisher.publishRemoved(this.#rank, hashes);
    if (outcome.unknownBlocks > 0) this.#logger.error({ outcome }, 'removed blocks were never published');
  }

  cleared(): void {
    this.#publisher.publishCleared(this.#rank);
  }

  stepped(): void {
    // The publisher makes batches by itself.
  }
}
