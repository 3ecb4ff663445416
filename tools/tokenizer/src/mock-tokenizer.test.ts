import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { byteSymbols } from '@kvasir/text';
import { outputUrl, trainMockTokenizer } from './mock-tokenizer.js';
import { trainMerges } from './train-merges.js';

describe('the mock tokenizer', () => {
  const files = trainMockTokenizer();

  it('is byte for byte what training on the committed corpus gives', () => {
    for (const [name, text] of Object.entries(files)) {
      expect(readFileSync(new URL(name, outputUrl), 'utf8') === text, name).toBe(true);
    }
  });
});

describe('trainMerges()', () => {
  it('takes the most frequent pair first and the smaller pair on a tie', () => {
    expect(trainMerges('abab abab', 2)).toEqual([
      ['a', 'b'],
      ['ab', 'ab'],
    ]);
    expect(trainMerges('xy xy 12 12', 1)).toEqual([['1', '2']]);
  });

  it('ends when every word is one symbol', () => {
    expect(trainMerges('abc', 10)).toEqual([
      ['a', 'b'],
      ['ab', 'c'],
    ]);
  });
});

describe('byteSymbols', () => {
  it('gives every byte its own printable symbol', () => {
    expect(new Set(byteSymbols).size).toBe(256);
    expect(byteSymbols[0x20]).toBe('Ġ');
    expect(byteSymbols[0x0a]).toBe('Ċ');
  });
});
