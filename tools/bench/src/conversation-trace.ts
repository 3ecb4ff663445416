import { readFileSync } from 'node:fs';
import { seededPrng } from '@kvasir/units';
import type { PrefixQuery, RadixIndex } from '@kvasir/radix-index';

/** Ids of the blocks of each request, in order of arrival; equal ids mean equal whole prefixes. */
export type Trace = readonly (readonly number[])[];

/** What an index sees of a trace. */
export type Operation =
  | { readonly kind: 'match'; readonly query: PrefixQuery }
  | {
      readonly kind: 'stored';
      readonly target: number;
      readonly parent: Uint32Array | null;
      readonly hashes: Uint32Array;
    }
  | { readonly kind: 'removed'; readonly target: number; readonly hashes: Uint32Array };

/** Reads the `hash_ids` of a trace in the Mooncake JSONL form. */
export function readTrace(path: string): Trace {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { readonly hash_ids: readonly number[] }).hash_ids);
}

const NEW_BLOCKS_MEDIAN = 8;
const NEW_BLOCKS_SIGMA = 1.1;
const REQUEST_BLOCKS_MAX = 247;
const CONTINUED_SHARE = 0.37;
/** A turn follows one of this many last requests. */
const RECENT_REQUESTS = 800;

/**
 * A trace like Mooncake's conversation trace: one block that all requests share, 24 blocks per request in the mean (14 in the
 * median), 38 % of all blocks seen before, most conversations of one turn.
 */
export function syntheticConversation(requestCount: number, seed: number): Trace {
  const prng = seededPrng(seed);
  const trace: number[][] = [];
  let nextId = 1;
  for (let request = 0; request < requestCount; request += 1) {
    const back = 1 + Math.floor(prng() * RECENT_REQUESTS);
    const earlier = prng() < CONTINUED_SHARE ? trace[request - back] : undefined;
    const blocks = [...(earlier ?? [0])];
    const normal = Math.sqrt(-2 * Math.log(1 - prng())) * Math.cos(2 * Math.PI * prng());
    const newBlocks = Math.ceil(NEW_BLOCKS_MEDIAN * Math.exp(NEW_BLOCKS_SIGMA * normal));
    for (let block = 0; block < newBlocks && blocks.length < REQUEST_BLOCKS_MAX; block += 1)
      blocks.push(nextId++);
    trace.push(blocks);
  }
  return trace;
}

/** Two well-spread words per id, in place of a sequence hash. */
export function hashesOf(ids: readonly number[]): Uint32Array {
  const words = new Uint32Array(ids.length * 2);
  ids.forEach((id, index) => {
    const lower = Math.imul(id + 1, 0x9e3779b1);
    const upper = Math.imul(id + 77, 0xc2b2ae3d);
    words[index * 2] = Math.imul(lower ^ (lower >>> 15), 0x85ebca77);
    words[index * 2 + 1] = Math.imul(upper ^ (upper >>> 16), 0x27d4eb2f);
  });
  return words;
}

/**
 * Spreads requests at random over targets, each with an LRU cache, as Dynamo's `mooncake_bench` does: for every request one
 * match, then what its target newly stores and what it evicts, tails first.
 */
export function operationsOf(
  trace: Trace,
  options: { readonly targetCount: number; readonly blocksPerTarget: number; readonly seed: number },
): Operation[] {
  const prng = seededPrng(options.seed);
  const caches = Array.from({ length: options.targetCount }, () => new Set<number>());
  const operations: Operation[] = [];
  for (const ids of trace) {
    const target = Math.floor(prng() * options.targetCount);
    const cache = caches[target] ?? new Set();
    const words = hashesOf(ids);
    operations.push({
      kind: 'match',
      query: { blockCount: ids.length, words, hashTo: () => undefined },
    });
    const first = ids.findIndex((id) => !cache.has(id));
    if (first >= 0) {
      const parent = first === 0 ? null : words.slice(first * 2 - 2, first * 2);
      operations.push({ kind: 'stored', target, parent, hashes: words.slice(first * 2) });
    }
    for (const id of [...ids].reverse()) {
      cache.delete(id);
      cache.add(id);
    }
    const evicted = [...cache].slice(0, Math.max(0, cache.size - options.blocksPerTarget));
    for (const id of evicted) cache.delete(id);
    if (evicted.length > 0) operations.push({ kind: 'removed', target, hashes: hashesOf(evicted) });
  }
  return operations;
}

/** Blocks of all queries and all stored runs: what published rates of such indexes count. */
export function blockOperationCount(operations: readonly Operation[]): number {
  let count = 0;
  for (const operation of operations) {
    if (operation.kind === 'match') count += operation.query.blockCount;
    else if (operation.kind === 'stored') count += operation.hashes.length / 2;
  }
  return count;
}

/** Plays the operations one after the other; `overlaps` has one place per target. */
export function play(operations: readonly Operation[], index: RadixIndex, overlaps: Uint32Array): void {
  for (const operation of operations) {
    if (operation.kind === 'match') index.match(operation.query, overlaps);
    else if (operation.kind === 'stored')
      index.applyStored(operation.target, operation.parent, operation.hashes);
    else index.applyRemoved(operation.target, operation.hashes);
  }
}
