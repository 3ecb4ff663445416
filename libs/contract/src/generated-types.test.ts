import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const fresh = mkdtempSync(join(tmpdir(), 'kvasir-generated-'));
afterAll(() => rmSync(fresh, { recursive: true }));

/** Every file under a folder, by its path there. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length), readFileSync(path, 'utf8')];
    }),
  );
}

describe('src/generated', () => {
  it('is what proto/ says: run `npx nx run contract:generate` after a change there', () => {
    execFileSync(process.execPath, [fileURLToPath(new URL('../generate.mjs', import.meta.url)), fresh]);
    const expected = contents(fresh);
    expect(Object.keys(expected).length).toBeGreaterThan(10);
    expect(contents(fileURLToPath(new URL('generated', import.meta.url)))).toEqual(expected);
  });
});
