import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenArrayReader } from './token-array.js';

/** @param stepBytes how much is read at a time. */
const read = (
  text: string,
  start = 0,
  stepBytes = Infinity,
): { tokens: number[]; end: number; steps: number } | null => {
  const reader = new TokenArrayReader(Buffer.from(text), start);
  for (let steps = 1; ; steps += 1) {
    const array = reader.step(reader.at + stepBytes);
    if (array === 'notPlain') return null;
    if (array !== 'more') return { tokens: [...array.tokens], end: array.end, steps };
  }
};

describe('TokenArrayReader', () => {
  it('reads what JSON.parse reads', () => {
    const ids = fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { minLength: 1, maxLength: 3000 });
    fc.assert(
      fc.property(ids, fc.constantFrom(undefined, 1), (tokens, space) => {
        const text = JSON.stringify(tokens, null, space);
        expect(read(`${text},`)).toEqual({ tokens, end: text.length, steps: 1 });
        expect(read(`${text},`, 0, 7)).toMatchObject({ tokens, end: text.length });
      }),
      { numRuns: 50 },
    );
  });

  it('reads as much at a time as it is told to', () => {
    const text = JSON.stringify(new Array(1000).fill(1234));
    expect(read(text, 0, 100)?.steps).toBe(50);
  });

  it('starts where it is told to', () => {
    expect(read('{"prompt": [1, 2 , 30]}', 11)).toEqual({ tokens: [1, 2, 30], end: 22, steps: 1 });
  });

  it('gives an array of its own memory', () => {
    const array = new TokenArrayReader(Buffer.from('[1,2]'), 0).step(Infinity);
    expect(typeof array === 'string' ? null : array.tokens.buffer.byteLength).toBe(8);
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
