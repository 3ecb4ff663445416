import { decodeTrtllmEvents, largestWindow } from './decode-trtllm-json.js';
import type { EngineKvBatch } from './engine-kv-event.js';

/** What one answer of the engine brought. */
export interface TrtllmReading {
  readonly batches: readonly EngineKvBatch[];
  /** Ranks whose history is broken before these events: nothing that was known of them is to be believed. */
  readonly broken: readonly { readonly rank: number; readonly reason: 'lost' | 'restarted' }[];
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads TensorRT-LLM's events over the life of an engine: their numbers follow on one another per rank, and of several attention windows the largest
 * that was ever seen counts.
 */
export class TrtllmEventStream {
  readonly #nextIds = new Map<number, number>();
  #window: number | null = null;

  /** @returns null for an answer that is no list of events. */
  read(json: unknown): TrtllmReading | null {
    if (!Array.isArray(json)) return null;
    const items = json.filter((item): item is Fields => typeof item === 'object' && item !== null);
    const broken = new Map<number, 'lost' | 'restarted'>();
    for (const item of items) this.#checkNumber(item, broken);
    const seen = largestWindow(items);
    // What was taken of a smaller window says nothing about what can be reused.
    if (seen !== null && this.#window !== null && seen > this.#window)
      for (const rank of this.#nextIds.keys()) broken.set(rank, broken.get(rank) ?? 'lost');
    if (seen !== null) this.#window = Math.max(seen, this.#window ?? 0);
    return {
      batches: decodeTrtllmEvents(json, this.#window) ?? [],
      broken: [...broken].map(([rank, reason]) => ({ rank, reason })),
    };
  }

  #checkNumber(item: Fields, broken: Map<number, 'lost' | 'restarted'>): void {
    const { event_id: id, attention_dp_rank: told } = item;
    if (typeof id !== 'number' || !Number.isSafeInteger(id)) return;
    const rank = typeof told === 'number' ? told : 0;
    const next = this.#nextIds.get(rank);
    this.#nextIds.set(rank, id + 1);
    if (next === undefined || id === next) return;
    broken.set(rank, id < next ? 'restarted' : (broken.get(rank) ?? 'lost'));
  }
}
