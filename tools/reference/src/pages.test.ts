import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatted, pageUrl } from './formatted.js';
import { referencePages } from './pages.js';

describe('docs/', () => {
  it.each(Object.entries(referencePages()))(
    '%s is what the tables say (else: npm run docs)',
    async (name, text) => {
      expect(readFileSync(pageUrl(name), 'utf8')).toBe(await formatted(text));
    },
  );
});
