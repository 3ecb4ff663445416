import { readFileSync } from 'node:fs';
import { buildTokenizerFiles } from './tokenizer-files.js';
import type { TokenizerFiles } from './tokenizer-files.js';

/** With 256 bytes and three special tokens: a vocabulary of 4,096. The corpus decides how many there really are. */
const MERGE_COUNT_MAX = 3_837;
/** In the order in which they are read; order does not change the merges. */
const CORPUS = ['engineering.txt', 'harbour.txt', 'mythology.txt'] as const;

/** `src` and `dist` lie side by side, so both find the same files. */
export const outputUrl = new URL('../../../libs/text/assets/mock/', import.meta.url);

/** The tokenizer of mock engines, trained anew. */
export function trainMockTokenizer(): TokenizerFiles {
  const texts = CORPUS.map((name) => readFileSync(new URL(`../corpus/${name}`, import.meta.url), 'utf8'));
  return buildTokenizerFiles(texts.join('\n'), MERGE_COUNT_MAX);
}
