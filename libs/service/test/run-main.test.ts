import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PROGRAM = fileURLToPath(new URL('program.ts', import.meta.url));
/** Runs TypeScript in a plain Node process, as the tests themselves do. */
const LAUNCH = `import { runnerImport } from 'vite'; await runnerImport(${JSON.stringify(PROGRAM)}, { configFile: false, logLevel: 'silent' });`;

interface Run {
  readonly process: ChildProcess;
  /** Resolves once the word was printed; rejects when the process ends without it. */
  saw(word: string): Promise<void>;
  readonly ended: Promise<{ code: number | null; signal: string | null; out: string; err: string }>;
}

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

function run(args: readonly string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, ['--input-type=module', '-e', LAUNCH, '--', PROGRAM, ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (err += bytes.toString()));
  const ended = new Promise<Awaited<Run['ended']>>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, out, err }));
  });
  return {
    process: child,
    saw: (word) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (out.split('\n').includes(word)) resolve();
        };
        child.stdout.on('data', look);
        void ended.then(() => reject(new Error(`The program ended without ${word}: ${out}${err}`)));
        look();
      }),
    ended,
  };
}

describe('runMain()', () => {
  it('prints help and version on standard output and ends with 0', async () => {
    const [help, version] = await Promise.all([run(['--help']).ended, run(['--version']).ended]);
    expect(help).toMatchObject({ code: 0, err: '' });
    expect(help.out).toContain('Usage: mock-engine [flags]');
    expect(version).toMatchObject({ code: 0, out: 'mock-engine 1.2.3\n', err: '' });
  });

  it('ends with 64 and one sentence per problem for a bad command line', async () => {
    expect(await run(['--prot', '1', '--drain-ms=x'], { KVASIR_MOCK_ENGINE_PORTS: '1' }).ended).toEqual({
      code: 64,
      signal: null,
      out: '',
      err: [
        'Unknown flag --prot: did you mean --port?',
        'Unknown variable KVASIR_MOCK_ENGINE_PORTS: did you mean KVASIR_MOCK_ENGINE_PORT?',
        '--drain-ms must be a whole number of ms of at least 0, received "x"',
        '',
      ].join('\n'),
    });
  });

  it('ends with 64 when the configuration turns out not to work', async () => {
    expect(await run(['--behaviour=contradicts']).ended).toMatchObject({
      code: 64,
      out: '',
      err: 'The tokenizer at ./x does not exist\n',
    });
  });

  it('ends with 1 and one sentence when its port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const ended = await run([`--port=${port}`]).ended;
    other.close();
    expect(ended).toMatchObject({
      code: 1,
      err: `Cannot listen on 127.0.0.1:${port}: the port is taken by another process\n`,
    });
  });

  it('ends with 1 and the stack when a bug stops it', async () => {
    const { code, err } = await run(['--behaviour=buggy']).ended;
    expect(code).toBe(1);
    expect(err).toMatch(/^Cannot start mock-engine: TypeError: Cannot read what is not there\n {4}at /);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('drains and closes after %s, then ends with 0', async (signal) => {
    const program = run(['--drain-ms=700']);
    await program.saw('started');
    program.process.kill(signal);
    expect(await program.ended).toEqual({
      code: 0,
      signal: null,
      out: 'started\nleaving\ndraining 700\nclosed\n',
      err: '',
    });
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('ends at once when a second signal comes (%s)', async (signal, code) => {
    const program = run(['--behaviour=never-drains', '--drain-ms=30000']);
    await program.saw('started');
    program.process.kill('SIGTERM');
    await program.saw('draining 30000');
    // Until it is heard: signals right after the first one are the same wish.
    const again = setInterval(() => program.process.kill(signal), 50);
    const ended = await program.ended;
    clearInterval(again);
    expect(ended.code).toBe(code);
  });

  it('says that it is going and serves on for the lame-duck time after SIGTERM', async () => {
    const program = run(['--lame-duck-ms=300']);
    await program.saw('started');
    program.process.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ code: 0, out: 'started\nleaving\ndraining 1000\nclosed\n' });
  });

  it.each(['SIGINT', 'SIGHUP', 'SIGQUIT'] as const)('does not wait for it after %s', async (signal) => {
    const program = run(['--lame-duck-ms=60000', '--stops-with-terminal']);
    await program.saw('started');
    program.process.kill(signal);
    expect(await program.ended).toMatchObject({ code: 0, out: 'started\nleaving\ndraining 1000\nclosed\n' });
  });

  it('does not wait for it when nobody looks', async () => {
    const program = run(['--lame-duck-ms=60000', '--no-is-watched']);
    await program.saw('started');
    program.process.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ code: 0, out: 'started\nleaving\ndraining 1000\nclosed\n' });
  });

  it('ends at once when a second signal comes in the lame-duck time', async () => {
    const program = run(['--lame-duck-ms=60000']);
    await program.saw('started');
    program.process.kill('SIGTERM');
    await program.saw('leaving');
    const again = setInterval(() => program.process.kill('SIGTERM'), 50);
    const { code, out } = await program.ended;
    clearInterval(again);
    expect({ code, out }).toEqual({ code: 143, out: 'started\nleaving\n' });
  });

  it('drains when npm passes on the Ctrl-C that the terminal has sent already', async () => {
    const program = run(['--drain-ms=700']);
    await program.saw('started');
    program.process.kill('SIGINT');
    program.process.kill('SIGINT');
    expect(await program.ended).toMatchObject({ code: 0, out: 'started\nleaving\ndraining 700\nclosed\n' });
  });

  it('ends with 1 and says so when requests were abandoned', async () => {
    const program = run(['--behaviour=abandons']);
    await program.saw('started');
    program.process.kill('SIGTERM');
    expect(await program.ended).toMatchObject({
      code: 1,
      err: 'Stopped with 3 requests unfinished after 1000 ms\n',
    });
  });

  it('ends with 1 when a drain ignores its deadline', async () => {
    const program = run(['--behaviour=never-drains', '--drain-ms=0']);
    await program.saw('started');
    program.process.kill('SIGTERM');
    expect(await program.ended).toMatchObject({
      code: 1,
      err: 'Cannot stop test program cleanly: it did not drain within 2000 ms\n',
    });
  });

  it('ends with 1 when it cannot close', async () => {
    const program = run(['--behaviour=fails-to-close']);
    await program.saw('started');
    program.process.kill('SIGTERM');
    expect(await program.ended).toMatchObject({
      code: 1,
      err: 'Cannot stop test program cleanly: socket stuck\n',
    });
  });

  it('gives a start up when a signal comes, and ends with 0', async () => {
    const program = run(['--behaviour=slow-start']);
    await program.saw('starting');
    program.process.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ code: 0, out: 'starting\n', err: '' });
  });
});
