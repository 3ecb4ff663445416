import { bench, describe } from 'vitest';
import { RadixIndex } from '../src/index.js';
import { operationsOf, play, readTrace, syntheticConversation } from './conversation-trace.js';
import { buildTenMillionBlockIndex } from './large-index.js';

/*
 * Budgets: the conversation trace on 1,000 targets at 10 M block operations/s or more, match p99 at most 10 µs; match of 2,048
 * held blocks in an index of ten million at most 20 µs p50; at most 32 bytes per block there.
 *
 * For comparing changes only: vitest turns imports into property reads, which halves the rates of a loop as tight as these.
 * The budgets are measured on the built code by `npm run bench`.
 *
 * TRACE=path plays a trace in the Mooncake JSONL form instead of the synthetic one.
 */
const tracePath = process.env['TRACE'];
const trace = tracePath === undefined ? syntheticConversation(12_031, 42) : readTrace(tracePath);

describe('conversation trace, whole pass into a new index', () => {
  for (const [targetCount, blocksPerTarget] of [
    [16, 2_048],
    [1_000, 16_384],
    [7_000, 16_384],
  ] as const) {
    const operations = operationsOf(trace, { targetCount, blocksPerTarget, seed: 42 });
    const overlaps = new Uint32Array(targetCount);
    bench(`${targetCount} targets, ${blocksPerTarget} blocks each`, () => {
      play(operations, new RadixIndex({ blockCountMax: 4_000_000 }), overlaps);
    });
  }
});

describe('ten million blocks', () => {
  const { index, targetCount, heldChains } = buildTenMillionBlockIndex();
  const overlaps = new Uint32Array(targetCount);
  const queries = heldChains.map((words) => ({
    blockCount: words.length / 2,
    words,
    hashTo: (): undefined => undefined,
  }));
  let next = 0;
  bench('match 2,048 held blocks', () => {
    const query = queries[next++ % queries.length];
    if (query !== undefined) index.match(query, overlaps);
  });
});
