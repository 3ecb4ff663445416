import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { patterns } from '../../test/split-patterns.js';
import { readReach } from './pattern-reach.js';

const characters = fc.oneof(
  fc.constantFrom(
    ...Array.from('aZs\u00e9\u03a9\u9be8\u304b19\u00bd \t\n\r\u00a0\u3000.,\'"-/(|\u3002\u0301\u2019'),
    '🧊',
  ),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
);

describe('readReach()', () => {
  it.each(patterns)('knows where matches of %s are left alone by a cut', (_name, source) => {
    const pattern = new RegExp(source, 'gu');
    const reach = readReach(pattern);
    if (reach === null) throw new Error('The pattern cannot be read');
    const matches = (text: string): string[] => text.match(pattern) ?? [];
    let cuts = 0;
    fc.assert(
      fc.property(fc.array(characters, { minLength: 2, maxLength: 24 }), (parts) => {
        const text = Array.from(parts.join(''));
        for (let at = 1; at < text.length; at += 1) {
          const [left = '', right = ''] = text.slice(at - 1, at + 1);
          if (reach.crosses(left, right)) continue;
          const [head, tail] = [text.slice(0, at).join(''), text.slice(at).join('')];
          expect([...matches(head), ...matches(tail)]).toEqual(matches(text.join('')));
          if (reach.begins(right)) expect(tail.startsWith(matches(tail)[0] ?? '-')).toBe(true);
          cuts += 1;
        }
      }),
      { numRuns: 300 },
    );
    expect(cuts).toBeGreaterThan(300);
  });

  it.each([
    ['looks back', '(?<=a)b|.'],
    ['looks far ahead', 'a(?=bc)|.'],
    ['is anchored', '^a|.'],
    ['is anchored to words', '\\ba|.'],
    ['refers to a group', '(a)\\1|.'],
    ['may match nothing', 'a*'],
    ['only looks', '(?!a)'],
    ['has a quantifier of nothing', '*'],
    ['is not closed', '(?:a'],
  ])('reads no pattern that %s', (_what, source) => {
    const make = (): RegExp => ({ source, flags: 'gu' }) as RegExp;
    expect(readReach(make())).toBeNull();
  });

  it('reads no pattern with other flags', () => {
    expect(readReach(/a/giu)).toBeNull();
    expect(readReach(/a/gu)).not.toBeNull();
  });

  it('takes nothing for settled in front of a look ahead', () => {
    const reach = readReach(/\s+(?!\S)|\s+|\S+/gu);
    expect(reach?.crosses(' ', 'a')).toBe(true);
    expect(reach?.crosses('a', ' ')).toBe(false);
    expect(reach?.begins(' ')).toBe(true);
    expect(readReach(/\s+(?!\S)|\S/gu)?.begins(' ')).toBe(false);
  });

  it('counts what must come several times', () => {
    const reach = readReach(/\d{3}|[a-z]{1,2}/gu);
    expect(reach?.begins('1')).toBe(false);
    expect(reach?.begins('a')).toBe(true);
    expect([reach?.crosses('1', '1'), reach?.crosses('a', 'b'), reach?.crosses('a', '1')]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
