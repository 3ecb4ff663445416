import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const built = new URL('../dist/index.js', import.meta.url).href;

/** Runs in a process of its own, without the test runner's module loader. */
const PROGRAM = `
  const { createTextService, mockTokenizerPath } = await import(process.argv[1]);
  const text = createTextService({ tokenizerPath: mockTokenizerPath, workerCount: 2 });
  await text.start();
  const ids = await text.encodeChat({ messages: [{ role: 'user', content: 'Hæ 🧊' }] });
  console.log(text.decode(ids));
  await text.close();
`;

describe('the built package', () => {
  it('encodes in its worker threads and ends by itself once closed', () => {
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', PROGRAM, built], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(output).toBe('user\nHæ 🧊\nassistant\n\n');
  });
});
