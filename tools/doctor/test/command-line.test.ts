import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeEngine } from './fake-engine.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...argv: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...argv], (_error, stdout, stderr) =>
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

describe('the doctor as a program', () => {
  const engines: FakeEngine[] = [];
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close();
  });

  it('wants to know whom to look at', async () => {
    const { exitCode, stderr } = await run();
    expect({ exitCode, stderr }).toEqual({ exitCode: 64, stderr: 'Give --url or --engine-url\n' });
  });

  it('ends with 1 for warnings, and prints data when asked to', async () => {
    const engine = await FakeEngine.start((made) => (made.cacheConfig = { enable_prefix_caching: 'False' }));
    engines.push(engine);
    const { exitCode, stdout } = await run('--engine-url', engine.url, '--json');
    expect(exitCode).toBe(1);
    const { examinations } = JSON.parse(stdout) as {
      examinations: readonly {
        readonly address: string;
        readonly results: readonly { readonly code: string | null }[];
      }[];
    };
    expect(examinations[0]?.address).toBe(engine.url);
    expect(examinations[0]?.results.map(({ code }) => code)).toContain('CHECK_PREFIX_CACHING_OFF');
  });

  it('ends with 2 when nobody answers', async () => {
    const { exitCode, stdout } = await run('--url', 'http://127.0.0.1:1');
    expect(exitCode).toBe(2);
    expect(stdout).toContain('✗ error: it does not answer');
  });
});
