import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from './json-parse.js';
import { printJson } from './json-print.js';
import { float } from './values.js';

const print = (json: string): string =>
  printJson(parseJson(json), { isAscii: false, indent: null, separators: [', ', ': '], sortsKeys: false });

describe('parseJson()', () => {
  it.each([
    ['1.0', '1.0'],
    ['-0', '0'],
    ['-0.0', '-0.0'],
    ['1e-05', '1e-05'],
    ['0.0000001', '1e-07'],
    ['1e16', '1e+16'],
    ['123456789012345680.0', '1.2345678901234568e+17'],
    ['1E3', '1000.0'],
    ['1e400', 'Infinity'],
    ['1000000000000000000000', '1000000000000000000000'],
    ['9007199254740993', '9007199254740993'],
    ['-9007199254740993', '-9007199254740993'],
    ['{"2": 1, "1": 2, "b": 3, "a": 4}', '{"2": 1, "1": 2, "b": 3, "a": 4}'],
    ['{"a": 1, "b": 2, "a": 3}', '{"a": 3, "b": 2}'],
    ['{"__proto__": 1}', '{"__proto__": 1}'],
    ['[NaN, Infinity, -Infinity]', '[NaN, Infinity, -Infinity]'],
    ['"\\u00e9\\ud83d\\udc1f\\/\\\\"', '"é🐟/\\\\"'],
    [' [ 1 , { } , [ ] ] ', '[1, {}, []]'],
  ])('keeps what Python keeps: %s', (json, printed) => {
    expect(print(json)).toBe(printed);
  });

  it('keeps kinds apart that JavaScript does not', () => {
    expect(parseJson('[1, 1.0, 9007199254740993]')).toEqual([1, float(1), 9007199254740993n]);
  });

  it.each([
    '',
    '[1,]',
    '{"a" 1}',
    '{1: 2}',
    '01',
    '1.',
    '.5',
    '+1',
    "'a'",
    '"a',
    '"\n"',
    'nul',
    '[1] 2',
    '{"a":}',
  ])('refuses what is no JSON: %j', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  it('refuses what is nested too deep, and numbers with too many digits', () => {
    expect(() => parseJson('['.repeat(100_000))).toThrow(/nested deeper/);
    expect(() => parseJson('1'.repeat(5000))).toThrow(/digits/);
  });

  it('reads what JavaScript writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3, depthSize: 'xsmall' }), (value) => {
        const json = JSON.stringify(value);
        expect(JSON.parse(print(json))).toEqual(JSON.parse(json));
      }),
    );
  });
});

describe('printJson()', () => {
  it('lays out as json.dumps does', () => {
    const value = parseJson('{"b": [1, {"c": []}], "a": {}, "é": "\\u007f"}');
    expect(printJson(value, { isAscii: true, indent: '  ', separators: [',', ': '], sortsKeys: true })).toBe(
      '{\n  "a": {},\n  "b": [\n    1,\n    {\n      "c": []\n    }\n  ],\n  "\\u00e9": "\\u007f"\n}',
    );
  });

  it('refuses what JSON does not have', () => {
    expect(() =>
      printJson([undefined], { isAscii: false, indent: null, separators: [',', ':'], sortsKeys: false }),
    ).toThrow('Object of type Undefined is not JSON serializable');
  });
});
