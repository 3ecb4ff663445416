import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const CORE_FILE = 'libs/units/src/prng.ts';

/** Lints a text as if it stood in a real file of a project, so that types and tags are the real ones. */
async function violations(file: string, text: string): Promise<(string | null)[]> {
  const eslint = new ESLint({ cwd: ROOT });
  const results = await eslint.lintText(text, { filePath: join(ROOT, file) });
  return results.flatMap((result) => result.messages.map((message) => message.ruleId));
}

/** Type errors of a text compiled with the settings of a core. */
function coreTypeErrors(text: string): string[] {
  const configFile = join(ROOT, 'libs/units/tsconfig.lib.json');
  const parsed = ts.getParsedCommandLineOfConfigFile(
    configFile,
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
        throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, ' '));
      },
    },
  );
  if (parsed === undefined) throw new Error(`Cannot read ${configFile}`);
  const probe = join(ROOT, 'libs/units/src/probe.ts');
  const host = ts.createCompilerHost(parsed.options);
  const fileExists = host.fileExists.bind(host);
  const getSourceFile = host.getSourceFile.bind(host);
  host.fileExists = (name) => name === probe || fileExists(name);
  host.getSourceFile = (name, version) =>
    name === probe ? ts.createSourceFile(name, text, version) : getSourceFile(name, version);
  const program = ts.createProgram([probe], { ...parsed.options, noEmit: true, composite: false }, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map((one) => ts.flattenDiagnosticMessageText(one.messageText, ' '));
}

describe('module boundaries', () => {
  // The rule reads the project graph from its cache and keeps silent when there is none: make one first.
  beforeAll(() => {
    execFileSync(join(ROOT, 'node_modules/.bin/nx'), ['show', 'projects'], {
      cwd: ROOT,
      env: { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true' },
    });
  }, 120_000);

  it('accept what a core may do', async () => {
    expect(
      await violations(CORE_FILE, 'export const twice = (value: number): number => value * 2;\n'),
    ).toEqual([]);
  }, 60_000);

  it.each([
    ['an adapter', `import type { Registry } from '@kvasir/registry';\nexport type Probe = Registry;\n`],
    ['an external package', `import type { Logger } from 'pino';\nexport type Probe = Logger;\n`],
  ])(
    'refuse a core that imports %s',
    async (_what, text) => {
      expect(await violations(CORE_FILE, text)).toContain('@nx/enforce-module-boundaries');
    },
    60_000,
  );

  it('refuse a contract that imports an adapter', async () => {
    const text = `import type { Registry } from '@kvasir/registry';\nexport type Probe = Registry;\n`;
    expect(await violations('libs/contract/src/records.ts', text)).toContain('@nx/enforce-module-boundaries');
  }, 60_000);

  it('refuse a library that imports an app', async () => {
    const text = `import * as frontend from '@kvasir/frontend';\nexport const probe: unknown = frontend;\n`;
    expect(await violations('libs/router/src/index.ts', text)).toContain('@nx/enforce-module-boundaries');
  }, 60_000);

  it.each([
    [
      'node built-ins',
      `import { readFileSync } from 'node:fs';\nexport const probe: unknown = readFileSync;\n`,
      'no-restricted-imports',
    ],
    ['the clock', 'export const probe = (): number => Date.now();\n', 'no-restricted-globals'],
    [
      'unseeded randomness',
      'export const probe = (): number => Math.random();\n',
      'no-restricted-properties',
    ],
    [
      'waiting',
      'export async function probe(): Promise<void> {\n  await Promise.resolve();\n}\n',
      'no-restricted-syntax',
    ],
  ])(
    'refuse a core that uses %s',
    async (_what, text, rule) => {
      expect(await violations(CORE_FILE, text)).toContain(rule);
    },
    60_000,
  );

  it.each([
    'setTimeout(() => undefined, 1)',
    'process.exit()',
    'fetch("x")',
    'performance.now()',
    'Buffer.alloc(1)',
  ])(
    'give %s no type in a core',
    (expression) => {
      expect(coreTypeErrors(`export const probe: unknown = ${expression};\n`).join()).toMatch(
        /Cannot find name/,
      );
    },
    60_000,
  );

  it('compile a pure core', () => {
    expect(coreTypeErrors('export const probe = Math.imul(2, 3);\n')).toEqual([]);
  }, 60_000);
});

describe('projects', () => {
  const projects = ['apps', 'libs', 'tools'].flatMap((group) =>
    readdirSync(join(ROOT, group))
      .map((name) => join(ROOT, group, name))
      .filter((directory) => existsSync(join(directory, 'package.json'))),
  );

  it('are found', () => {
    expect(projects.length).toBeGreaterThan(20);
  });

  it.each(projects.map((directory) => [directory.slice(ROOT.length + 1), directory]))(
    '%s carries one type tag that fits its folder',
    (name, directory) => {
      const { tags } = JSON.parse(readFileSync(join(directory, 'project.json'), 'utf8')) as {
        tags: string[];
      };
      const allowed = name.startsWith('apps/')
        ? ['type:app']
        : name.startsWith('tools/')
          ? ['type:tool']
          : ['type:core', 'type:contract', 'type:adapter', 'type:platform', 'type:testing'];
      expect(tags).toHaveLength(1);
      expect(allowed).toContain(tags[0]);
    },
  );
});
