import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const SMALL = ['--http-port', '0', '--prefill-workers', '1', '--decode-workers', '1', '--ready-json'];
const DISTRIBUTED = [...SMALL, '--distributed', '--frontends', '1', '--prefill-routers', '1'];

/** Everything that a run has started, however far down, is known by the temporary folder in its environment. */
function processesOf(folder: string): readonly string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      if (!variables.includes(`TMPDIR=${folder}`)) return [];
      // What has ended and was not waited for yet has no command line.
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return command === '' ? [] : [`${pid} ${command}`];
    } catch {
      // Ended meanwhile, or another user's.
      return [];
    }
  });
}

describe('a stack that is killed', () => {
  let parent = '';
  let runs = 0;
  let folder = '';

  beforeAll(() => {
    parent = mkdtempSync(join(tmpdir(), 'kvasir-killed-'));
  });
  afterEach(() => {
    for (const line of processesOf(folder)) process.kill(Number(line.split(' ')[0]), 'SIGKILL');
  });
  afterAll(() => {
    rmSync(parent, { recursive: true, force: true });
  });

  async function start(command: string, args: readonly string[]): Promise<ChildProcess> {
    runs += 1;
    folder = join(parent, String(runs));
    mkdirSync(folder);
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    let out = '';
    child.stdout.on('data', (text: Buffer) => (out += text.toString()));
    await expect.poll(() => out, { timeout: 90_000 }).toContain('"url"');
    return child;
  }

  async function expectNothingLeft(): Promise<void> {
    await expect.poll(() => processesOf(folder), { timeout: 60_000 }).toEqual([]);
    // Node's compile cache is npm's and not ours.
    expect(readdirSync(folder).filter((name) => name !== 'node-compile-cache')).toEqual([]);
  }

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGKILL'] as const)(
    'leaves nothing behind after %s, in many processes',
    async (signal) => {
      const child = await start(process.execPath, [MAIN, ...DISTRIBUTED]);
      expect(processesOf(folder).length).toBeGreaterThan(5);
      child.kill(signal);
      await expectNothingLeft();
    },
  );

  it.each(['SIGKILL', 'SIGHUP', 'SIGTERM'] as const)('ends with npm, which %s ends', async (signal) => {
    const child = await start('npm', ['start', '--silent', '--', ...SMALL]);
    expect(processesOf(folder).length).toBeGreaterThan(1);
    child.kill(signal);
    await expectNothingLeft();
  });

  it('leaves nothing behind when it is killed while it starts', async () => {
    runs += 1;
    folder = join(parent, String(runs));
    mkdirSync(folder);
    const child = spawn(process.execPath, [MAIN, ...DISTRIBUTED], {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: folder },
      stdio: 'ignore',
      detached: true,
    });
    await expect.poll(() => processesOf(folder).length, { timeout: 60_000 }).toBeGreaterThan(4);
    child.kill('SIGKILL');
    await expectNothingLeft();
  });
});
