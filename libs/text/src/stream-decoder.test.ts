import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStreamDecoder } from './stream-decoder.js';

/** Ids are bytes: every way of cutting characters apart. */
const decodeBytes = (ids: readonly number[]): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(ids));

describe('createStreamDecoder()', () => {
  it('adds up to the whole for any bytes, broken ones too', () => {
    const valid = fc.string({ unit: 'binary' }).map((text) => [...new TextEncoder().encode(text)]);
    const broken = fc.array(fc.constantFrom(0x41, 0xe9, 0xaf, 0xa8, 0xf0, 0x9f, 0xef, 0xbf, 0xbd));
    fc.assert(
      fc.property(fc.oneof(valid, broken), (bytes) => {
        const decoder = createStreamDecoder(decodeBytes);
        const streamed = bytes.map((byte) => decoder.push(byte)).join('') + decoder.flush();
        expect(streamed).toBe(decodeBytes(bytes));
      }),
    );
  });

  it('gives a character with its last byte and not before', () => {
    const decoder = createStreamDecoder(decodeBytes);
    expect([0xe9, 0xaf, 0xa8, 0x21].map((byte) => decoder.push(byte))).toEqual(['', '', '鯨', '!']);
  });

  it('gives what is incomplete at the end as U+FFFD', () => {
    const decoder = createStreamDecoder(decodeBytes);
    expect(decoder.push(0xe9)).toBe('');
    expect(decoder.flush()).toBe('\uFFFD');
    expect(decoder.flush()).toBe('');
  });
});
