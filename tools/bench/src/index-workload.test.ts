import { describe, expect, it } from 'vitest';
import { indexOperations, wordsOf } from './index-workload.js';

describe('indexOperations()', () => {
  it('stores only what the worker does not hold, with its parent', () => {
    const operations = indexOperations([{ hashIds: [0, 1] }, { hashIds: [0, 1, 2] }], {
      workerCount: 1,
      cacheBlocksPerWorker: 10,
      seed: 1,
    });
    expect(operations.map((operation) => operation.kind)).toEqual(['match', 'stored', 'match', 'stored']);
    expect(operations[3]).toEqual({ kind: 'stored', target: 0, parent: wordsOf([1]), words: wordsOf([2]) });
  });

  it('evicts the tail of the oldest sequence first', () => {
    const operations = indexOperations([{ hashIds: [0, 1] }, { hashIds: [5, 6] }], {
      workerCount: 1,
      cacheBlocksPerWorker: 3,
      seed: 1,
    });
    expect(operations.at(-1)).toEqual({ kind: 'removed', target: 0, words: wordsOf([1]) });
  });
});

describe('wordsOf()', () => {
  it('gives different ids different hashes', () => {
    const ids = Array.from({ length: 100_000 }, (_, id) => id);
    const words = wordsOf(ids);
    const seen = new Set<string>();
    for (const id of ids) seen.add(`${String(words[id * 2])},${String(words[id * 2 + 1])}`);
    expect(seen.size).toBe(ids.length);
  });
});
