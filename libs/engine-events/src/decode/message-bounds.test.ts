import { decode, Encoder, ExtData } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MESSAGE_DEPTH_MAX, messageFault } from './message-bounds.js';

const encoder = new Encoder({ useBigInt64: true });
const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');
const small = { bytesMax: 64, valuesMax: 16, containersMax: 4, depthMax: 3 };
const nested = (depth: number): Uint8Array => hex(`${'91'.repeat(depth)}c0`);

/** Everything that MessagePack can say, also what engines never do. */
const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.integer(),
      fc.double(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
      fc.string({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(null, true, false, new Date(1_700_000_000_000)),
      fc.uint8Array({ minLength: 1, maxLength: 20 }).map((data) => new ExtData(5, data)),
    ),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.string({ maxLength: 8 }), tie('value'), { maxKeys: 20 }),
  ),
})).value;

describe('messageFault()', () => {
  it('lets everything pass that MessagePack can say, however it is packed', () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(messageFault(encoder.encode(value))).toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  it('lets nothing pass of which a part is missing, or that says more', () => {
    fc.assert(
      fc.property(anything, fc.nat(), (value, cut) => {
        const bytes = encoder.encode(value);
        expect(messageFault(bytes.slice(0, cut % bytes.length))).toBe('badBatch');
        expect(messageFault(Buffer.concat([bytes, Buffer.of(0xc0)]))).toBe('badBatch');
      }),
      { numRuns: 300 },
    );
  });

  it('what passes can be read, and its reader sets no more aside than there is', () => {
    fc.assert(
      fc.property(anything, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 }))), (value, flips) => {
        const bytes = Uint8Array.from(encoder.encode(value));
        for (const [at, byte] of flips) bytes[at % bytes.length] = byte;
        if (messageFault(bytes) !== null) return;
        try {
          decode(bytes, { useBigInt64: true, mapKeyConverter: String });
        } catch (error) {
          // What is there and means nothing: keys of the prototype, times that are none.
          expect(String(error)).toMatch(/key|Unrecognized|timestamp|__proto__/i);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['an array of four billion', 'ddffffffff'],
    ['a map of four billion', 'dfffffffff'],
    ['arrays of two thousand million within one another', 'dd7fffffff'.repeat(30)],
    ['a text of four billion bytes', 'dbffffffff61'],
    ['bytes of four billion', 'c6ffffffff00'],
    ['an extension of four billion', 'c9ffffffff0500'],
    ['nothing', ''],
    ['the byte that is never used', 'c1'],
    ['half a number', 'cf0000'],
    ['half a length', 'dd0000'],
  ])('trap: refuses what claims to be more than it is (%s)', (_, bytes) => {
    expect(messageFault(hex(bytes))).toBe('badBatch');
  });

  it('names what is over its limits', () => {
    expect(messageFault(nested(MESSAGE_DEPTH_MAX))).toBeNull();
    expect(messageFault(nested(MESSAGE_DEPTH_MAX + 1))).toBe('overLimits');
    expect(messageFault(hex('c43f' + '00'.repeat(63)), small)).toBe('overLimits');
    expect(messageFault(encoder.encode(new Array(15).fill(0)), small)).toBeNull();
    expect(messageFault(encoder.encode(new Array(16).fill(0)), small)).toBe('overLimits');
    expect(messageFault(encoder.encode([[], [], []]), small)).toBeNull();
    expect(messageFault(encoder.encode([[], [], [], []]), small)).toBe('overLimits');
    expect(messageFault(nested(100_000))).toBe('overLimits');
  });
});
