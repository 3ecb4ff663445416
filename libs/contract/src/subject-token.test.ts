import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeToken, encodeToken, TOKEN_CHARS_MAX } from './subject-token.js';

const wellFormed = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });

describe('encodeToken()', () => {
  it('leaves letters, digits, _ and - as they are', () => {
    expect(encodeToken('gpu-07_A')).toBe('gpu-07_A');
  });

  it('escapes what means something in a subject, a key or a pattern', () => {
    expect(encodeToken('a.b*c>d e/f:g{h}')).toBe('a%2Eb%2Ac%3Ed%20e%2Ff%3Ag%7Bh%7D');
  });

  it('gives one token that no wildcard or separator can be part of', () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        expect(encodeToken(text)).toMatch(/^([A-Za-z0-9_-]|%[0-9A-F]{2})+$/);
      }),
    );
  });

  it('is read back by decodeToken()', () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        expect(decodeToken(encodeToken(text))).toBe(text);
      }),
    );
  });

  it('refuses text that cannot be one token', () => {
    expect(() => encodeToken('')).toThrow(RangeError);
    expect(() => encodeToken('x'.repeat(TOKEN_CHARS_MAX + 1))).toThrow(/received 257/);
    expect(() => encodeToken('\ud800')).toThrow(/well-formed/);
  });
});

describe('decodeToken()', () => {
  it.each(['', 'a.b', 'a%2', 'a%zz', '%2e', '%41', '%ff', 'a b', '*', '>'])(
    'refuses %j, which no text encodes to',
    (token) => {
      expect(decodeToken(token)).toBeNull();
    },
  );
});
