import { writeFileSync } from 'node:fs';
import { formatted, pageUrl } from './formatted.js';
import { referencePages } from './pages.js';

for (const [name, text] of Object.entries(referencePages()))
  writeFileSync(pageUrl(name), await formatted(text));
