import {
  encodeKvEventBatch,
  encodeRecoveryEnd,
  encodeSnapshotChains,
  encodeSnapshotStart,
  KvEventWords,
  WireHeader,
} from '@kvasir/contract';
import { SetDigest } from '@kvasir/radix-index';
import { incarnation, workerId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { RecoveryAnswer } from './recovery-answer.js';

const source = { workerId: workerId('w'), incarnation: incarnation('i'), rank: 1 };
const header = new WireHeader(source);
const foreign = new WireHeader({ ...source, incarnation: incarnation('j') });

const chains = (blocks: number): Uint8Array => {
  const words = new KvEventWords();
  words.stored(
    null,
    Uint32Array.from({ length: blocks * 2 }, (_, index) => index),
  );
  return encodeSnapshotChains(header, 4, words);
};
const batch = encodeKvEventBatch({ ...source, batchNumber: 4, events: [{ kind: 'cleared' }] });

/** The start of a snapshot whose chains are `chains` of these sizes. */
function startOf(from: WireHeader, batchNumber: number, blockCount: number, ...sizes: number[]): Uint8Array {
  const digest = new SetDigest();
  for (const size of sizes) for (let word = 0; word < size * 2; word += 2) digest.add(word, word + 1);
  return encodeSnapshotStart(from, batchNumber, { lo: digest.lo, hi: digest.hi, blockCount });
}

/** What the last of these chunks makes of the answer. */
const after = (...chunks: Uint8Array[]): unknown => {
  const answer = new RecoveryAnswer(source, 100);
  return chunks.map((chunk) => answer.read(chunk)).at(-1);
};

describe('RecoveryAnswer', () => {
  it('hands batches on and ends with the newest number', () => {
    expect(after(batch)).toMatchObject({ kind: 'batch', batch: { batchNumber: 4 } });
    expect(after(batch, encodeRecoveryEnd(header, 4))).toEqual({ kind: 'ended', newestNumber: 4 });
  });

  it('holds a snapshot back until it is whole', () => {
    const start = startOf(header, 4, 5, 3, 2);
    expect(after(start, chains(3))).toEqual({ kind: 'reading' });
    expect(after(start, chains(3), chains(2), encodeRecoveryEnd(header, 4))).toMatchObject({
      kind: 'snapshot',
      snapshot: { batchNumber: 4, chains: [{ parent: null }, { parent: null }] },
    });
  });

  it('takes an empty snapshot', () => {
    expect(after(startOf(header, 0, 0), encodeRecoveryEnd(header, 0))).toMatchObject({
      kind: 'snapshot',
      snapshot: { batchNumber: 0, chains: [] },
    });
  });

  it.each<[string, Uint8Array[]]>([
    ['bytes that are no chunk', [Uint8Array.of(1, 2, 3)]],
    ['a batch of another life', [encodeKvEventBatch({ ...foreign.source, batchNumber: 1, events: [] })]],
    ['a snapshot of another life', [startOf(foreign, 1, 0)]],
    ['an end of another life', [encodeRecoveryEnd(foreign, 1)]],
    ['chains without a start', [chains(1)]],
    ['two starts', [startOf(header, 1, 0), startOf(header, 1, 0)]],
    ['a batch inside a snapshot', [startOf(header, 1, 0), batch]],
    ['a chunk too many', [startOf(header, 4, 3), chains(2), chains(2)]],
    ['a chunk too few', [startOf(header, 4, 3), chains(2), encodeRecoveryEnd(header, 4)]],
    ['other blocks than were said', [startOf(header, 4, 2, 1, 1), chains(2), encodeRecoveryEnd(header, 4)]],
    ['more blocks than may be taken', [startOf(header, 4, 101)]],
  ])('is broken by %s', (_what, chunks) => {
    expect(after(...chunks)).toMatchObject({ kind: 'broken' });
  });
});
