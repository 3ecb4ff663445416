import { writeFileSync } from 'node:fs';
import { outputUrl, trainMockTokenizer } from './mock-tokenizer.js';

for (const [name, text] of Object.entries(trainMockTokenizer())) {
  writeFileSync(new URL(name, outputUrl), String(text));
}
