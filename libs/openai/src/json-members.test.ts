import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanMembers } from './json-members.js';

const members = (text: string): Record<string, unknown> | null => {
  const bytes = Buffer.from(text);
  const found = scanMembers(bytes);
  if (found === null) return null;
  return Object.fromEntries(
    found.map(({ key, valueStart, valueEnd }) => [
      key,
      JSON.parse(bytes.toString('utf8', valueStart, valueEnd)) as unknown,
    ]),
  );
};

describe('scanMembers()', () => {
  it('finds what JSON.parse finds, however the text is spaced', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { noNullPrototype: true }),
        fc.constantFrom(undefined, 1, '\t', '  '),
        (object, space) => {
          const text = JSON.stringify(object, null, space);
          expect(members(text)).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it.each(['\\"', 'a\\\\', '\\\\\\"b', 'x'.repeat(100) + '\\"' + 'y'.repeat(100)])(
    'finds the end of a string that holds %j',
    (escaped) => {
      const text = `{"a":"${escaped}","b":[{"c":"${escaped}"}],"d":1}`;
      expect(members(text)).toEqual(JSON.parse(text));
    },
  );

  it('reads keys that are written with escapes', () => {
    expect(members('{"pr\\u006fmpt":1}')).toEqual({ prompt: 1 });
  });

  it('gives equal keys in order', () => {
    expect(scanMembers(Buffer.from('{"a":1,"b":2,"a":3}'))?.map(({ key }) => key)).toEqual(['a', 'b', 'a']);
  });

  it.each([
    '',
    '[]',
    '1',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":"x',
    '{"a":[1',
    '{a:1}',
    '{"a":1 2}',
  ])('answers null to %j', (text) => expect(scanMembers(Buffer.from(text))).toBeNull());

  it('ends on any bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', ' ', 'a', '1'), { maxLength: 40 }),
        (characters) => {
          const found = scanMembers(Buffer.from(characters.join('')));
          for (const { start, valueStart, valueEnd } of found ?? []) {
            expect(start).toBeLessThan(valueStart);
            expect(valueStart).toBeLessThan(valueEnd);
            expect(valueEnd).toBeLessThanOrEqual(characters.length);
          }
        },
      ),
    );
  });
});
