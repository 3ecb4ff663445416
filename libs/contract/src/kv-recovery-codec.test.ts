import { incarnation, workerId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { encodeKvEventBatch } from './kv-batch-codec.js';
import { KvEventWords } from './kv-event-words.js';
import {
  decodeKvRecoveryChunk,
  decodeKvRecoveryRequest,
  encodeKvRecoveryRequest,
  encodeRecoveryEnd,
  encodeSnapshotChains,
  encodeSnapshotStart,
  type KvRecoveryWant,
} from './kv-recovery-codec.js';
import { WireHeader } from './wire-words.js';

const source = { workerId: workerId('gpu-7'), incarnation: incarnation('i1'), rank: 1 };
const header = new WireHeader(source);

function chainsChunk(): Uint8Array {
  const chains = new KvEventWords();
  chains.stored(null, Uint32Array.of(1, 2, 3, 4));
  chains.stored(Uint32Array.of(1, 2), Uint32Array.of(5, 6));
  return encodeSnapshotChains(header, 9, chains);
}

function everyFlip(bytes: Uint8Array, check: (flipped: Uint8Array) => void): void {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = bytes.slice();
    flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    check(flipped);
  }
}

describe('encodeKvRecoveryRequest()', () => {
  const wants: KvRecoveryWant[] = [
    { kind: 'snapshot' },
    { kind: 'batches', from: 1 },
    { kind: 'batches', from: Number.MAX_SAFE_INTEGER },
  ];

  it.each(wants)('is read back: %j', (want) => {
    expect(decodeKvRecoveryRequest(encodeKvRecoveryRequest({ source, want }))).toEqual({
      kind: 'request',
      request: { source, want },
    });
  });

  it('throws on a number that no batch has', () => {
    expect(() => encodeKvRecoveryRequest({ source, want: { kind: 'batches', from: 0 } })).toThrow(RangeError);
  });

  it('gives bytes that are a request or malformed after every truncation and bit flip', () => {
    const bytes = encodeKvRecoveryRequest({ source, want: { kind: 'batches', from: 7 } });
    for (let length = 0; length < bytes.length; length += 1)
      expect(decodeKvRecoveryRequest(bytes.subarray(0, length)).kind).toBe('malformed');
    everyFlip(bytes, (flipped) => {
      const reading = decodeKvRecoveryRequest(flipped);
      if (reading.kind === 'request')
        expect(decodeKvRecoveryRequest(encodeKvRecoveryRequest(reading.request))).toEqual(reading);
    });
  });
});

const DIGEST = { lo: 7, hi: 0xffff_ffff, blockCount: 3 };

describe('decodeKvRecoveryChunk()', () => {
  it('reads a batch as it was published', () => {
    const batch = { ...source, batchNumber: 3, events: [{ kind: 'cleared' as const }] };
    expect(decodeKvRecoveryChunk(encodeKvEventBatch(batch))).toEqual({ kind: 'batch', batch });
  });

  it('reads the start, the chains and the end of a snapshot', () => {
    expect(decodeKvRecoveryChunk(encodeSnapshotStart(header, 9, DIGEST))).toEqual({
      kind: 'snapshotStart',
      source,
      batchNumber: 9,
      blockCount: 3,
      digest: DIGEST,
    });
    expect(decodeKvRecoveryChunk(chainsChunk())).toMatchObject({
      kind: 'chains',
      chains: [
        { parent: null, hashes: Uint32Array.of(1, 2, 3, 4) },
        { parent: Uint32Array.of(1, 2), hashes: Uint32Array.of(5, 6) },
      ],
    });
    expect(decodeKvRecoveryChunk(encodeRecoveryEnd(header, 9))).toEqual({
      kind: 'end',
      source,
      batchNumber: 9,
    });
  });

  it('refuses a snapshot with anything but stored chains', () => {
    const events = new KvEventWords();
    events.removed(Uint32Array.of(1, 2));
    expect(decodeKvRecoveryChunk(encodeSnapshotChains(header, 9, events))).toEqual({
      kind: 'malformed',
      reason: 'a snapshot has no removed event',
    });
  });

  it('refuses a chunk of a snapshot without a chain, of which an answer could be endless', () => {
    expect(decodeKvRecoveryChunk(encodeSnapshotChains(header, 1, new KvEventWords()))).toEqual({
      kind: 'malformed',
      reason: 'a chunk of a snapshot has no chain',
    });
  });

  it('refuses what is no chunk of an answer', () => {
    expect(decodeKvRecoveryChunk(encodeKvRecoveryRequest({ source, want: { kind: 'snapshot' } })).kind).toBe(
      'malformed',
    );
    expect(decodeKvRecoveryChunk(new Uint8Array(0)).kind).toBe('malformed');
  });

  it('says malformed or something at every truncation and bit flip, and never throws', () => {
    for (const bytes of [
      chainsChunk(),
      encodeSnapshotStart(header, 9, DIGEST),
      encodeRecoveryEnd(header, 9),
    ]) {
      for (let length = 0; length < bytes.length; length += 1)
        expect(decodeKvRecoveryChunk(bytes.subarray(0, length)).kind).toBe('malformed');
      everyFlip(bytes, (flipped) => {
        expect(decodeKvRecoveryChunk(flipped)).toHaveProperty('kind');
      });
    }
  });
});
