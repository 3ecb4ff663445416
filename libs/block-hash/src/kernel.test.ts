import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { kernel } from './kernel.js';

describe('kernel', () => {
  it('is what assembly/kernel.ts compiles to', () => {
    const generator = fileURLToPath(new URL('../assembly/generate.mjs', import.meta.url));
    const result = spawnSync(process.execPath, [generator, '--check'], { encoding: 'utf8' });
    expect(result.stderr).toBe('');
    expect(result.status).toBe(0);
  }, 60_000);

  it('has a memory that does not grow', () => {
    expect(kernel.memory.buffer.byteLength).toBe(4 * 65_536);
  });
});
