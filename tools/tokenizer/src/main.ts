import { readFileSync, writeFileSync } from 'node:fs';
import { MERGE_COUNT_MAX, corpusUrl, outputUrl } from './mock-tokenizer.js';
import { buildTokenizerFiles } from './tokenizer-files.js';

const files = buildTokenizerFiles(readFileSync(corpusUrl, 'utf8'), MERGE_COUNT_MAX);
for (const [name, text] of Object.entries(files)) writeFileSync(new URL(name, outputUrl), String(text));
