import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RpcError } from './errors.js';
import { decodeTokens, decodeWords, encodeTokens, encodeWords } from './tokens.js';

describe('decodeTokens()', () => {
  it('gives back what was encoded, from any offset of a frame, in memory of its own', () => {
    fc.assert(
      fc.property(fc.uint32Array({ maxLength: 200 }), fc.nat(9), (tokens, offset) => {
        const encoded = encodeTokens(tokens);
        const frame = Buffer.alloc(offset + encoded.length);
        frame.set(encoded, offset);
        const decoded = decodeTokens(frame.subarray(offset));
        expect(decoded).toEqual(tokens);
        frame.fill(0xff);
        expect(decoded).toEqual(tokens);
      }),
    );
  });

  it('reads little-endian bytes', () => {
    expect([...decodeTokens(Buffer.from([1, 0, 0, 0, 0, 0, 0, 0x80]))]).toEqual([1, 0x8000_0000]);
    expect([...encodeTokens(Uint32Array.of(0x0102_0304))]).toEqual([4, 3, 2, 1]);
  });

  it.each([1, 2, 3, 5, 4095])('refuses %i bytes', (length) => {
    expect(() => decodeTokens(Buffer.alloc(length))).toThrow(RpcError);
    expect(() => decodeTokens(Buffer.alloc(length))).toThrow(`${length} bytes is not a multiple of 4`);
  });
});

describe('encodeWords()', () => {
  it('encodes only the part that a view shows', () => {
    const words = Uint32Array.of(1, 2, 3, 4);
    expect(decodeWords(encodeWords(words.subarray(1, 3)))).toEqual(Uint32Array.of(2, 3));
  });
});
