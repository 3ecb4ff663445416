import type { KvEvent, KvEventBatch } from '@kvasir/contract';

/** What an event costs besides its hashes, in words: its object and views. */
const EVENT_WORDS = 64;

/** Memory that batches of all sources may take while they wait for missing ones. */
export class PendingBudget {
  readonly #wordsMax: number;
  #words = 0;

  /** @param wordsMax 4 bytes each. */
  constructor(wordsMax: number) {
    this.#wordsMax = wordsMax;
  }

  /** @returns false when there is no room for the batch: it is then not kept. */
  take(batch: KvEventBatch): boolean {
    const words = wordsOf(batch);
    if (this.#words + words > this.#wordsMax) return false;
    this.#words += words;
    return true;
  }

  /** A batch that was taken waits no longer. */
  give(batch: KvEventBatch): void {
    this.#words -= wordsOf(batch);
  }
}

function wordsOf({ events }: KvEventBatch): number {
  return events.reduce((sum, event) => sum + EVENT_WORDS + hashWordsOf(event), 0);
}

const hashWordsOf = (event: KvEvent): number => (event.kind === 'cleared' ? 0 : event.hashes.length);
