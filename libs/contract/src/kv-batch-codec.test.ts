import { incarnation, seededPrng, workerId } from '@kvasir/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeKvEventBatch,
  decodeKvMessage,
  encodeKvAnnouncement,
  encodeKvEventBatch,
  encodeKvEventWords,
} from './kv-batch-codec.js';
import { EVENTS_MAX, KvEventWords } from './kv-event-words.js';
import type { KvEvent, KvEventBatch } from './kv-events.js';
import { WireHeader } from './wire-words.js';

const word = fc.integer({ min: 0, max: 0xffff_ffff });
const hashesOf = (blocksMax: number): fc.Arbitrary<Uint32Array> =>
  fc
    .array(fc.tuple(word, word), { minLength: 1, maxLength: blocksMax })
    .map((pairs) => Uint32Array.from(pairs.flat()));
const parent = fc.tuple(word, word).map((pair) => Uint32Array.from(pair));
const event: fc.Arbitrary<KvEvent> = fc.oneof(
  fc.record({ kind: fc.constant('stored' as const), parent: fc.option(parent), hashes: hashesOf(20) }),
  fc.record({ kind: fc.constant('removed' as const), hashes: hashesOf(20) }),
  fc.constant({ kind: 'cleared' as const }),
);
const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const batch: fc.Arbitrary<KvEventBatch> = fc.record({
  workerId: id.map(workerId),
  incarnation: id.map(incarnation),
  rank: word,
  batchNumber: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  events: fc.array(event, { maxLength: 10 }),
});

const sample: KvEventBatch = {
  workerId: workerId('gpu-7'),
  incarnation: incarnation('i1'),
  rank: 2,
  batchNumber: 2 ** 32 + 5,
  events: [
    { kind: 'cleared' },
    { kind: 'stored', parent: null, hashes: Uint32Array.of(0x01020304, 0x05060708) },
    { kind: 'stored', parent: Uint32Array.of(9, 10), hashes: Uint32Array.of(11, 12, 13, 14) },
    { kind: 'removed', hashes: Uint32Array.of(0xffff_ffff, 0xffff_fffe) },
  ],
};

/** The batch as plain values, whatever its arrays are views of. */
const plain = (decoded: KvEventBatch): unknown => ({
  ...decoded,
  events: decoded.events.map((one) =>
    one.kind === 'cleared'
      ? one
      : {
          ...one,
          hashes: [...one.hashes],
          ...(one.kind === 'stored' ? { parent: one.parent === null ? null : [...one.parent] } : {}),
        },
  ),
});

function decoded(bytes: Uint8Array): KvEventBatch {
  const reading = decodeKvEventBatch(bytes);
  if (reading.kind === 'malformed') throw new Error(reading.reason);
  return reading.batch;
}

describe('encodeKvEventBatch()', () => {
  it('writes the bytes of version 1', () => {
    expect(Buffer.from(encodeKvEventBatch(sample)).toString('hex').match(/.{8}/g)).toEqual([
      '4b560101', // K V, version 1, type batch
      '05000000', // number, low word
      '01000000', // number, high word
      '02000000', // rank
      '05000200', // bytes of both ids
      '04000000', // events
      '6770752d', // gpu-
      '37693100', // 7, i1, padding
      '04000000', // cleared
      '01010000', // stored at the root, 1 block
      '04030201',
      '08070605',
      '02020000', // stored under a parent, 2 blocks
      '09000000',
      '0a000000',
      '0b000000',
      '0c000000',
      '0d000000',
      '0e000000',
      '03010000', // removed, 1 block
      'ffffffff',
      'feffffff',
    ]);
  });

  it('is read back by decodeKvEventBatch()', () => {
    fc.assert(
      fc.property(batch, (one) => {
        expect(plain(decoded(encodeKvEventBatch(one)))).toEqual(plain(one));
      }),
    );
  });

  it('is read back from any position in a larger buffer', () => {
    const bytes = encodeKvEventBatch(sample);
    for (let offset = 0; offset < 4; offset += 1) {
      const larger = Buffer.alloc(bytes.length + 8, 0xee);
      larger.set(bytes, offset);
      expect(plain(decoded(larger.subarray(offset, offset + bytes.length)))).toEqual(plain(sample));
    }
  });

  it.each<[string, Partial<KvEventBatch>]>([
    ['number 0', { batchNumber: 0 }],
    ['number beyond safe integers', { batchNumber: 2 ** 53 }],
    ['rank that is no u32', { rank: -1 }],
    ['empty worker id', { workerId: workerId('') }],
    ['worker id that is too long', { workerId: workerId('x'.repeat(1_025)) }],
    ['event without blocks', { events: [{ kind: 'removed', hashes: new Uint32Array(0) }] }],
    ['half a hash', { events: [{ kind: 'removed', hashes: new Uint32Array(3) }] }],
  ])('throws on a %s', (_what, wrong) => {
    expect(() => encodeKvEventBatch({ ...sample, ...wrong })).toThrow(RangeError);
  });
});

describe('KvEventWords', () => {
  const header = new WireHeader(sample);
  const written = (collect: (words: KvEventWords) => void): readonly KvEvent[] => {
    const words = new KvEventWords();
    collect(words);
    return decoded(encodeKvEventWords(header, 1, words)).events;
  };

  it('stored() joins a run to the one that it continues', () => {
    const events = written((words) => {
      words.stored(null, Uint32Array.of(1, 2));
      words.stored(Uint32Array.of(1, 2), Uint32Array.of(3, 4));
      words.stored(Uint32Array.of(1, 2), Uint32Array.of(5, 6));
    });
    expect(events.map((one) => (one.kind === 'stored' ? [...one.hashes] : one.kind))).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
  });

  it('removed() joins neighbours, but not across another event', () => {
    const events = written((words) => {
      words.removed(Uint32Array.of(1, 2));
      words.removed(Uint32Array.of(3, 4));
      words.cleared();
      words.removed(Uint32Array.of(5, 6));
    });
    expect(events.map((one) => (one.kind === 'removed' ? [...one.hashes] : one.kind))).toEqual([
      [1, 2, 3, 4],
      'cleared',
      [5, 6],
    ]);
  });

  it('does not join the first run after reset() to what was before', () => {
    const words = new KvEventWords();
    words.stored(null, Uint32Array.of(1, 2));
    words.reset();
    words.stored(Uint32Array.of(1, 2), Uint32Array.of(3, 4));
    expect(words).toMatchObject({ eventCount: 1, blockCount: 1, wordCount: 5 });
  });

  it('copies, so that the caller may reuse its arrays', () => {
    const hashes = Uint32Array.of(1, 2);
    const events = written((words) => {
      words.removed(hashes);
      hashes.fill(9);
    });
    expect(events[0]).toMatchObject({ hashes: Uint32Array.of(1, 2) });
  });

  it('holds more blocks than it had room for at first', () => {
    const hashes = Uint32Array.from({ length: 10_000 }, (_, index) => index);
    const events = written((words) => {
      for (let part = 0; part < 3; part += 1) words.stored(null, hashes);
    });
    expect(events.map((one) => (one.kind === 'stored' ? one.hashes.length : 0))).toEqual([
      10_000, 10_000, 10_000,
    ]);
  });
});

describe('decodeKvMessage()', () => {
  it.each([null, { lo: 7, hi: 0xffff_ffff, blockCount: 3 }])(
    'reads an announcement (digest %j)',
    (digest) => {
      const bytes = encodeKvAnnouncement(new WireHeader(sample), 42, digest);
      expect(decodeKvMessage(bytes)).toEqual({
        kind: 'announcement',
        announcement: {
          source: { workerId: 'gpu-7', incarnation: 'i1', rank: 2 },
          batchNumber: 42,
          digest,
        },
      });
    },
  );

  it('refuses an announcement with another body', () => {
    const bytes = encodeKvAnnouncement(new WireHeader(sample), 42, { lo: 1, hi: 2, blockCount: 3 });
    expect(decodeKvMessage(bytes.subarray(0, bytes.length - 4))).toMatchObject({ kind: 'malformed' });
    expect(decodeKvEventBatch(bytes).kind).toBe('malformed');
  });
});

describe('bytes that are no batch', () => {
  const bytes = encodeKvEventBatch(sample);

  /** A reading that is either refused with a reason, or a batch whose own encoding says the same. */
  const expectSound = (wrong: Uint8Array): void => {
    const reading = decodeKvEventBatch(wrong);
    if (reading.kind === 'malformed') expect(reading.reason).not.toBe('');
    else expect(plain(decoded(encodeKvEventBatch(reading.batch)))).toEqual(plain(reading.batch));
  };

  it('are malformed at every truncation', () => {
    for (let length = 0; length < bytes.length; length += 1)
      expect(decodeKvEventBatch(bytes.subarray(0, length)).kind).toBe('malformed');
  });

  it('are malformed with anything behind the last event', () => {
    for (const extra of [1, 3, 4, 8])
      expect(decodeKvEventBatch(Buffer.concat([bytes, Buffer.alloc(extra)])).kind).toBe('malformed');
  });

  it('are malformed or a batch after every single bit flip', () => {
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = bytes.slice();
      flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      expectSound(flipped);
    }
  });

  it('are malformed or a batch after any damage', () => {
    const prng = seededPrng(11);
    for (let round = 0; round < 5_000; round += 1) {
      const damaged = bytes.slice(0, Math.ceil(prng() * bytes.length));
      for (let hit = 0; hit < 1 + prng() * 8; hit += 1)
        damaged[Math.floor(prng() * damaged.length)] = Math.floor(prng() * 256);
      expectSound(damaged);
    }
  });

  it('are malformed or a batch whatever follows a good first word', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
        expectSound(Buffer.concat([bytes.subarray(0, 4), tail]));
        expectSound(tail);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are malformed with more events than one message may have, though the bytes hold them', () => {
    const clears = (count: number): Uint8Array =>
      encodeKvEventBatch({ ...sample, events: Array.from({ length: count }, () => ({ kind: 'cleared' })) });
    expect(decodeKvEventBatch(clears(EVENTS_MAX)).kind).toBe('batch');
    expect(decodeKvEventBatch(clears(EVENTS_MAX + 1)).kind).toBe('malformed');
  });

  it('never make it allocate for a count that the bytes cannot hold', () => {
    const claims = bytes.slice();
    new DataView(claims.buffer).setUint32(20, 0xffff_ffff, true);
    expect(decodeKvEventBatch(claims)).toEqual({
      kind: 'malformed',
      reason: '4294967295 events are more than 65536',
    });
  });

  it.each<[string, number, number]>([
    ['another version', 2, 2],
    ['another magic', 0, 0],
    ['another message type', 3, 9],
    ['a batch number beyond safe integers', 11, 0xff],
    ['a worker id that is no UTF-8', 24, 0xff],
    ['a padding that is not zero', 31, 1],
  ])('are malformed with %s', (_what, at, value) => {
    const wrong = bytes.slice();
    wrong[at] = value;
    expect(decodeKvEventBatch(wrong).kind).toBe('malformed');
  });
});
