import { seededPrng } from '@kvasir/units';

/** A request of a trace as the index sees it: ids of its blocks, where equal ids mean equal whole prefixes. */
export interface TraceRequest {
  readonly hashIds: readonly number[];
}

/** One operation on the index, in trace order. */
export type IndexOperation =
  | { readonly kind: 'match'; readonly words: Uint32Array; readonly blockCount: number }
  | {
      readonly kind: 'stored';
      readonly target: number;
      readonly parent: Uint32Array | null;
      readonly words: Uint32Array;
    }
  | { readonly kind: 'removed'; readonly target: number; readonly words: Uint32Array };

/** Set-up of the published index benchmark: requests spread at random over workers, each with an LRU cache of its own. */
export interface IndexWorkloadOptions {
  readonly workerCount: number;
  readonly cacheBlocksPerWorker: number;
  readonly seed: number;
}

/** Two well-mixed words per id, standing for the sequence hash of the block with that id. */
export function wordsOf(hashIds: readonly number[]): Uint32Array {
  const words = new Uint32Array(hashIds.length * 2);
  hashIds.forEach((id, index) => {
    let mixed = Math.imul(id + 1, 0x9e3779b1) >>> 0;
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca77) >>> 0;
    words[index * 2] = mixed ^ (mixed >>> 13);
    words[index * 2 + 1] = Math.imul(id + 1, 0xc2b2ae3d) ^ (mixed >>> 7);
  });
  return words;
}

/**
 * Turns a trace into what an index would see: for each request a match, then the events of the worker that served it.
 * Evictions take the least recently used block, a sequence's tail before its head, as paged engines do.
 */
export function indexOperations(
  requests: readonly TraceRequest[],
  options: IndexWorkloadOptions,
): IndexOperation[] {
  const prng = seededPrng(options.seed);
  const caches = Array.from({ length: options.workerCount }, () => new Map<number, true>());
  const operations: IndexOperation[] = [];
  for (const { hashIds } of requests) {
    const target = Math.floor(prng() * options.workerCount);
    const cache = caches[target];
    if (cache === undefined) continue;
    const words = wordsOf(hashIds);
    operations.push({ kind: 'match', words, blockCount: hashIds.length });
    const firstMissing = hashIds.findIndex((id) => !cache.has(id));
    if (firstMissing !== -1) {
      const parent = firstMissing === 0 ? null : words.slice(firstMissing * 2 - 2, firstMissing * 2);
      operations.push({ kind: 'stored', target, parent, words: words.slice(firstMissing * 2) });
    }
    for (let index = hashIds.length - 1; index >= 0; index -= 1) {
      const id = hashIds[index] ?? 0;
      cache.delete(id);
      cache.set(id, true);
    }
    const evicted: number[] = [];
    for (const id of cache.keys()) {
      if (cache.size - evicted.length <= options.cacheBlocksPerWorker) break;
      evicted.push(id);
    }
    for (const id of evicted) cache.delete(id);
    if (evicted.length > 0) operations.push({ kind: 'removed', target, words: wordsOf(evicted) });
  }
  return operations;
}
