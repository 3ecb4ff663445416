import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const MAIN = join(dirname(fileURLToPath(import.meta.url)), '../dist/main.js');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<ChildProcessWithoutNullStreams>();

function start(args: readonly string[]): {
  child: ChildProcessWithoutNullStreams;
  ended: Promise<Ended>;
  output: () => string;
} {
  const child = spawn(process.execPath, [MAIN, ...args]);
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    return { code: code as number | null, stdout, stderr };
  });
  return { child, ended, output: () => stdout };
}

/** The stack as its own process, as `npm start` runs it (compiled: `npm test` builds first). */
describe('the stack as a program', () => {
  afterEach(() => {
    for (const child of running) child.kill('SIGKILL');
  });

  it('ends in a table with a URL and a curl line, and stops cleanly at Ctrl-C', async () => {
    const { child, ended, output } = start([
      '--http-port',
      '0',
      '--prefill-workers',
      '1',
      '--decode-workers',
      '1',
    ]);
    await expect.poll(output, { timeout: 30_000 }).toContain('curl -N');
    const url = /Ready: (http:\S+)\/v1/.exec(output())?.[1] ?? '';
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    expect(output()).toMatch(/frontend +http:\/\/127\.0\.0\.1:\d+/);
    expect(output()).toMatch(/prefill-router-1 +127\.0\.0\.1:\d+/);
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it.each([
    [['--http-prot', '1'], /Unknown flag --http-prot: did you mean --http-port\?/],
    [['--block-size', '0'], /--block-size must be a whole number of tokens from 1 to 1024, received "0"/],
    [['--router-mode', 'best'], /--router-mode must be one of kv, round-robin, random, received "best"/],
    [['--speedup'], /--speedup needs a value/],
  ])('refuses %j with one sentence and exit code 64', async (args, sentence) => {
    const { code, stdout, stderr } = await start(args).ended;
    expect(code).toBe(64);
    expect(stdout).toBe('');
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('says in one sentence that a port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await start(['--http-port', String(port)]).ended;
    other.close();
    expect(code).toBe(1);
    expect(stderr).toContain(String(port));
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('explains its flags', async () => {
    const { code, stdout } = await start(['--help']).ended;
    expect(code).toBe(0);
    for (const flag of ['--http-port', '--prefill-workers', '--aggregated-workers', '--speedup'])
      expect(stdout).toContain(flag);
  });
});
