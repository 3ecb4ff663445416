import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanMembers } from './json-members.js';
import { spliceJson } from './json-splice.js';
import type { JsonChanges } from './json-splice.js';

const splice = (text: string, changes: JsonChanges): string => {
  const bytes = Buffer.from(text);
  return spliceJson(bytes, scanMembers(bytes) ?? [], changes).toString();
};

describe('spliceJson()', () => {
  it('keeps what it does not change byte for byte', () => {
    const text = '{ "id" : 9007199254740993, "a": 1.0 ,"gone":[1], "b" :"é" }';
    expect(splice(text, { set: { c: 'true' }, remove: ['gone', 'absent'] })).toBe(
      '{"id" : 9007199254740993, "a": 1.0,"b" :"é","c":true}',
    );
  });

  it('gives what changing the parsed object gives', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    const object = fc.dictionary(key, fc.jsonValue(), { noNullPrototype: true });
    fc.assert(
      fc.property(object, object, fc.array(key), (before, set, remove) => {
        const expected: Record<string, unknown> = { ...before };
        for (const name of remove) Reflect.deleteProperty(expected, name);
        Object.assign(expected, set);
        const texts = Object.fromEntries(
          Object.entries(set).map(([name, value]) => [name, JSON.stringify(value)]),
        );
        const spliced = splice(JSON.stringify(before), { set: texts, remove });
        expect(JSON.parse(spliced)).toEqual(JSON.parse(JSON.stringify(expected)));
      }),
    );
  });

  it('replaces every member of a name that comes twice', () => {
    expect(splice('{"stream":true,"x":1,"stream":false}', { set: { stream: 'false' } })).toBe(
      '{"x":1,"stream":false}',
    );
  });

  it('takes values as bytes', () => {
    expect(splice('{}', { set: { v: Buffer.from('{"n":18446744073709551615}') } })).toBe(
      '{"v":{"n":18446744073709551615}}',
    );
  });

  it('leaves an empty object when nothing stays', () => {
    expect(splice('{"a":1}', { remove: ['a'] })).toBe('{}');
  });
});
