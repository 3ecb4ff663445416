import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOptions } from '@kvasir/service';
import { describe, expect, it } from 'vitest';
import { checkFile } from './check-file.js';
import { globalRouterConfig } from './config.js';
import { globalRouterOptions } from './options.js';

function file(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'kvasir-check-')), 'pools.yaml');
  writeFileSync(path, text);
  return path;
}

const GOOD = 'pools:\n  - { name: a, role: prefill, endpoint: a.prefill.generate }\n';

describe('checkFile()', () => {
  it('says what a right file has', () => {
    const path = file(GOOD);
    expect(checkFile(path)).toEqual({
      text: `${path} is right: pools 1 prefill, 0 decode, 0 aggregated; policies grid, probe, load\n`,
      exitCode: 0,
    });
  });

  it('says every problem of a wrong one, each with its place', () => {
    const path = file('pools:\n  - { name: a, role: prefil, endpoint: a }\nprobes: 1\n');
    expect(checkFile(path)).toEqual({
      text: [
        `${path}: probes is not known; did you mean probe?\n`,
        `${path}: pools[0].role must be prefill, decode, aggregated, received "prefil"\n`,
        `${path}: pools[0].endpoint must be namespace.component.endpoint, received "a"\n`,
      ].join(''),
      exitCode: 64,
    });
  });

  it('says that a file is not there, is no YAML, or was not named', () => {
    expect(checkFile('/nowhere/pools.yaml').text).toContain('cannot be read: ENOENT');
    expect(checkFile(file('pools: [')).text).toContain('it is neither YAML nor JSON');
    expect(checkFile(undefined)).toEqual({ text: 'Usage: global-router check FILE\n', exitCode: 64 });
  });
});

describe('the options of a global router', () => {
  const read = (...argv: string[]) => readOptions(globalRouterOptions, { argv, env: {} });

  it('need a file, and a namespace that is one', () => {
    expect(read('--namespace', 'a.b')).toEqual({
      kind: 'invalid',
      problems: [
        '--config must be given: the file of pools',
        '--namespace must be one part in a-z 0-9 _ -, received "a.b"',
      ],
    });
  });

  it('give targets that the file leaves open', () => {
    const reading = read(
      '--config',
      file(`${GOOD}defaultItlMs: 7\n`),
      '--default-ttft-target',
      '250',
      '--default-itl-target',
      '9',
    );
    if (reading.kind !== 'ok') throw new Error(reading.kind);
    expect(globalRouterConfig(reading.values).settings).toMatchObject({
      defaultTtftMs: 250,
      defaultItlMs: 7,
    });
  });

  it('are refused with every problem of the file', () => {
    const reading = read('--config', file('pools: []\nfailOver: never\n'));
    if (reading.kind !== 'ok') throw new Error(reading.kind);
    expect(() => globalRouterConfig(reading.values)).toThrow(
      /at least one pool is needed\n.*failOver must be any/,
    );
  });
});
