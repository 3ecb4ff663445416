import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
/** Runs the program from its sources in a plain Node process. */
const LAUNCH = `import { runnerImport } from 'vite';
const resolve = { conditions: ['@kvasir/source'], noExternal: [/^@kvasir/] };
await runnerImport(${JSON.stringify(MAIN)}, { configFile: false, logLevel: 'silent', resolve, environments: { inline: { resolve } } });`;

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', LAUNCH, '--', MAIN, ...args],
    { cwd: ROOT, env: { PATH: process.env['PATH'] }, encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

describe('the program', () => {
  it('explains itself', () => {
    const { status, stdout, stderr } = run('--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('Usage: prefill-router [flags]');
    expect(stdout).toContain('--no-router-track-active-blocks');
  });

  it('ends with 64 and a sentence per problem for wrong flags', () => {
    expect(run('--block-sise=4', '--endpoint=x', '--log-level=loud')).toEqual({
      status: 64,
      stdout: '',
      stderr: [
        'Unknown flag --block-sise: did you mean --block-size?',
        '--log-level must be one of trace, debug, info, warn, error, silent, received "loud"',
        '',
      ].join('\n'),
    });
    expect(run('--endpoint=x')).toMatchObject({
      status: 64,
      stderr: '--endpoint must be namespace.component.endpoint in a-z 0-9 _ -, received "x"\n',
    });
  });

  it('says in one sentence that it cannot reach NATS', () => {
    expect(run('--nats-url=nats://user:secret@127.0.0.1:1')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'Cannot connect to NATS at nats://127.0.0.1:1: nobody listens there\n',
    });
  });
});
