import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExactJson } from './exact-json.js';

describe('parseExactJson()', () => {
  it('keeps all digits of whole numbers of 64 bits', () => {
    expect(parseExactJson('[18446744073709551615,-9223372036854775808 , 123456789012345]')).toEqual([
      '18446744073709551615',
      '-9223372036854775808',
      123_456_789_012_345,
    ]);
    expect(parseExactJson('9007199254740993')).toBe('9007199254740993');
  });

  it('trap: what stands in texts, fractions and exponents is no whole number', () => {
    const text = '{"a,1234567890123456,":"[12345678901234567] \\"1234567890123456","b":1234567890123456.5}';
    expect(parseExactJson(text)).toEqual(JSON.parse(text));
    expect(parseExactJson('[1234567890123456e2]')).toEqual([1_234_567_890_123_456e2]);
  });

  it('equals JSON.parse() for everything without such numbers', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const exact = JSON.stringify(parseExactJson(text), (_, value: unknown) =>
          typeof value === 'string' && /^-?\d{16,20}$/.test(value) ? Number(value) : value,
        );
        const plain = JSON.stringify(JSON.parse(text), (_, value: unknown) =>
          typeof value === 'string' && /^-?\d{16,20}$/.test(value) ? Number(value) : value,
        );
        expect(exact).toBe(plain);
      }),
      { numRuns: 500 },
    );
  });

  it.each(['', '[', '"', '[1,', '12345678901234567890 1', '{"a":-}'])('refuses %j', (text) => {
    expect(() => parseExactJson(text)).toThrow(SyntaxError);
  });

  it('takes long texts and many numbers in its stride', () => {
    const long = 'a,1234567890123456'.repeat(100_000);
    expect(parseExactJson(JSON.stringify([long]))).toEqual([long]);
    const many = new Array(200_000).fill('12345678901234567');
    expect(parseExactJson(`[${many.join(',')}]`)).toEqual(many);
  });
});
