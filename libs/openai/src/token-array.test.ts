import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTokenArray } from './token-array.js';

const read = (text: string, start = 0): { tokens: number[]; end: number } | null => {
  const array = readTokenArray(Buffer.from(text), start);
  return array === null ? null : { tokens: [...array.tokens], end: array.end };
};

describe('readTokenArray()', () => {
  it('reads what JSON.parse reads', () => {
    const ids = fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { minLength: 1, maxLength: 3000 });
    fc.assert(
      fc.property(ids, fc.constantFrom(undefined, 1), (tokens, space) => {
        const text = JSON.stringify(tokens, null, space);
        expect(read(`${text},`)).toEqual({ tokens, end: text.length });
      }),
      { numRuns: 50 },
    );
  });

  it('starts where it is told to', () => {
    expect(read('{"prompt": [1, 2 , 30]}', 11)).toEqual({ tokens: [1, 2, 30], end: 22 });
  });

  it('gives an array of its own memory', () => {
    const array = readTokenArray(Buffer.from('[1,2]'), 0);
    expect(array?.tokens.buffer.byteLength).toBe(8);
  });

  it.each([
    '[]',
    '[-1]',
    '[1.0]',
    '[1e3]',
    '["a"]',
    '[[1]]',
    '[01]',
    '[1,]',
    '[,1]',
    '[1',
    '[1 2]',
    '[4294967296]',
    'x',
  ])('leaves %j to another reader', (text) => expect(read(text)).toBeNull());
});
