import { incarnation, seededPrng, workerId } from '@kvasir/units';
import { bench, describe } from 'vitest';
import {
  decodeKvEventBatch,
  encodeKvEventBatch,
  encodeKvEventWords,
  KvEventWords,
  WireHeader,
  type KvEvent,
} from '../src/index.js';

/** Budget: at most 1 µs per block to encode, and 1 µs per block to decode. One call handles `BLOCKS` blocks: ns per block = 1e9 / hz / BLOCKS. */
const BLOCKS = 4_096;
const prng = seededPrng(3);
const hashes = Uint32Array.from({ length: BLOCKS * 2 }, () => prng() * 2 ** 32);
const source = {
  workerId: workerId('prefill-worker-07'),
  incarnation: incarnation('0193c1d2e3f4-9a8b7c6d'),
  rank: 0,
};

/** All blocks as `batchCount` batches, each event a stored run of `eventBlocks` under the block before it. */
function batchesOf(batchBlocks: number, eventBlocks: number): KvEvent[][] {
  const batches: KvEvent[][] = [];
  for (let first = 0; first < BLOCKS; first += batchBlocks) {
    const events: KvEvent[] = [];
    for (let from = first; from < first + batchBlocks; from += eventBlocks) {
      const parent = from === 0 ? null : hashes.subarray(from * 2 - 2, from * 2);
      events.push({ kind: 'stored', parent, hashes: hashes.subarray(from * 2, (from + eventBlocks) * 2) });
    }
    batches.push(events);
  }
  return batches;
}

/** One block per batch is the worst case: an idle engine that stores a block every few milliseconds. */
const shapes: [string, number, number][] = [
  ['2,048-block batches, 64-block runs', 2_048, 64],
  ['128-block batches, 16-block runs', 128, 16],
  ['128-block batches, 1-block runs', 128, 1],
  ['1-block batches', 1, 1],
];

for (const [name, batchBlocks, eventBlocks] of shapes) {
  describe(`${BLOCKS} blocks, ${name}`, () => {
    const batches = batchesOf(batchBlocks, eventBlocks);
    const header = new WireHeader(source);
    const words = new KvEventWords();
    bench('encode, as a publisher does', () => {
      let batchNumber = 0;
      for (const events of batches) {
        batchNumber += 1;
        words.reset();
        for (const event of events) words.event(event);
        encodeKvEventWords(header, batchNumber, words);
      }
    });

    const payloads = batches.map((events, index) =>
      encodeKvEventBatch({ ...source, batchNumber: index + 1, events }),
    );
    bench('decode', () => {
      for (const payload of payloads)
        if (decodeKvEventBatch(payload).kind === 'malformed') throw new Error('A batch cannot be read back');
    });

    const shifted = payloads.map((payload) => {
      const memory = new Uint8Array(payload.length + 1);
      memory.set(payload, 1);
      return memory.subarray(1);
    });
    bench('decode, not on a word boundary', () => {
      for (const payload of shifted)
        if (decodeKvEventBatch(payload).kind === 'malformed') throw new Error('A batch cannot be read back');
    });
  });
}
