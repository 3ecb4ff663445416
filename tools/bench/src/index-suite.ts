import { RadixIndex } from '@kvasir/radix-index';
import { blockOperationCount, operationsOf, play } from './conversation-trace.js';
import type { Trace } from './conversation-trace.js';
import { buildTenMillionBlockIndex } from './large-index.js';
import { percentiles, timeEach } from './measure.js';
import type { Percentiles } from './measure.js';
import { figure } from './report.js';
import type { BudgetLine, Suite } from './report.js';

const TARGET_COUNT = 1000;
/** Set-up of the published benchmark: 16,384 blocks of cache per worker. */
const BLOCKS_PER_TARGET = 16_384;
const SEED = 42;
/** Passes over the trace before the counted one, so that the code is compiled. */
const WARM_UP_PASSES = 3;
const INDEX_BLOCKS_MAX = 4_000_000;

/** @param trace what the index sees, its origin named in the output by the caller. */
export function indexSuite(trace: Trace): Suite {
  return {
    name: 'radix-index',
    run(note) {
      const lines = [...conversationLines(trace), ...largeLines(note)];
      return Promise.resolve(lines);
    },
  };
}

function conversationLines(trace: Trace): readonly BudgetLine[] {
  const operations = operationsOf(trace, {
    targetCount: TARGET_COUNT,
    blocksPerTarget: BLOCKS_PER_TARGET,
    seed: SEED,
  });
  const overlaps = new Uint32Array(TARGET_COUNT);
  const fresh = (): RadixIndex => new RadixIndex({ blockCountMax: INDEX_BLOCKS_MAX });
  for (let pass = 0; pass < WARM_UP_PASSES; pass += 1) play(operations, fresh(), overlaps);
  const index = fresh();
  const startMs = performance.now();
  play(operations, index, overlaps);
  const blocksPerSecond = (blockOperationCount(operations) / (performance.now() - startMs)) * 1000;
  const match = matchTimes(operations, fresh(), overlaps);
  return [
    {
      work: `index on ${trace.length.toLocaleString('en-US')} conversation requests, 1,000 workers`,
      budget: '≥ 10 M block-ops/s',
      measured: `${figure(blocksPerSecond / 1e6)} M block-ops/s`,
      isMet: blocksPerSecond >= 10e6,
    },
    {
      work: 'match in the same run',
      budget: '≤ 10 µs p99',
      measured: `${figure(match.p99)} µs p99, ${figure(match.p50)} p50`,
      isMet: match.p99 <= 10,
    },
  ];
}

function matchTimes(
  operations: Parameters<typeof play>[0],
  index: RadixIndex,
  overlaps: Uint32Array,
): Percentiles {
  const samples: number[] = [];
  for (const operation of operations) {
    if (operation.kind !== 'match') {
      play([operation], index, overlaps);
      continue;
    }
    const startMs = performance.now();
    index.match(operation.query, overlaps);
    samples.push((performance.now() - startMs) * 1000);
  }
  return percentiles(Float64Array.from(samples));
}

function largeLines(note: (text: string) => void): readonly BudgetLine[] {
  note('filling an index with 10 M blocks …');
  const { index, targetCount, heldChains, storedMsMax } = buildTenMillionBlockIndex();
  const overlaps = new Uint32Array(targetCount);
  const query = (chain: Uint32Array) => ({
    blockCount: chain.length / 2,
    words: chain,
    hashTo: () => undefined,
  });
  const match = timeEach(4_000, 400, (call) => {
    index.match(query(heldChains[call % heldChains.length] ?? new Uint32Array(0)), overlaps);
  });
  const bytesPerBlock = index.bytes / index.blockCount;
  note(`longest stored event of 128 blocks while filling: ${figure(storedMsMax)} ms`);
  return [
    {
      work: 'index at 10 M distinct blocks',
      budget: '≤ 32 bytes per block',
      measured: `${figure(bytesPerBlock)} bytes`,
      isMet: bytesPerBlock <= 32,
    },
    {
      work: 'match 2,048 held blocks in the 10 M-block index',
      budget: '≤ 20 µs p50',
      measured: `${figure(match.p50)} µs p50, ${figure(match.p99)} p99`,
      isMet: match.p50 <= 20,
    },
  ];
}
