import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteLevelPieces } from './byte-level-pieces.js';
import { changedMock, mock } from '../test/mock-variants.js';
import { createByteLevelDecoder, createStreamDecoder } from './stream-decoder.js';
import type { StreamDecoder } from './stream-decoder.js';

/** Ids are bytes: every way of cutting characters apart. */
const decodeBytes = (ids: readonly number[]): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(ids));

function stream(decoder: StreamDecoder, ids: readonly number[]): string {
  return ids.map((id) => decoder.push(id)).join('') + decoder.flush();
}

describe('createStreamDecoder()', () => {
  it('adds up to the whole for any bytes, broken ones too', () => {
    const valid = fc.string({ unit: 'binary' }).map((text) => [...new TextEncoder().encode(text)]);
    const broken = fc.array(fc.constantFrom(0x41, 0xe9, 0xaf, 0xa8, 0xf0, 0x9f, 0xef, 0xbf, 0xbd));
    fc.assert(
      fc.property(fc.oneof(valid, broken), (bytes) => {
        expect(stream(createStreamDecoder(decodeBytes), bytes)).toBe(decodeBytes(bytes));
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

describe('createByteLevelDecoder()', () => {
  const loaded = changedMock({ furtherTokens: ['<note>'], furtherTokensAreSpecial: false });
  const pieceOf = byteLevelPieces(loaded);
  if (pieceOf === null) throw new Error('the mock tokenizer is not byte-level');
  const size = loaded.tokenizer.get_vocab(true).size;

  it('adds up to what the library decodes, for any ids', () => {
    // Ids below 256 are single bytes: as often as all others, so that characters break.
    const id = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: size - 1 }));
    fc.assert(
      fc.property(fc.array(id, { minLength: 1, maxLength: 40 }), (ids) => {
        const whole = loaded.tokenizer.decode(ids, { skip_special_tokens: true });
        expect(stream(createByteLevelDecoder(pieceOf), ids)).toBe(whole);
      }),
      { numRuns: 500 },
    );
  });

  it('never gives U+FFFD for a whole text, however its characters are cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const { ids } = loaded.tokenizer.encode(text, { add_special_tokens: false });
        const decoder = createByteLevelDecoder(pieceOf);
        const parts = ids.map((id) => decoder.push(id));
        expect(parts.join('') + decoder.flush()).toBe(text);
      }),
    );
  });

  it('gives nothing for special tokens and for ids that do not exist', () => {
    const decoder = createByteLevelDecoder(pieceOf);
    const special = loaded.addedTokens.get('<|im_end|>')?.id ?? 0;
    expect([special, size + 10, 2 ** 31].map((id) => decoder.push(id))).toEqual(['', '', '']);
  });
});

describe('byteLevelPieces()', () => {
  it('is for byte-level decoders only', () => {
    expect(byteLevelPieces(mock())).not.toBeNull();
    expect(byteLevelPieces(changedMock({ decoder: { type: 'Fuse' } }))).toBeNull();
  });
});
