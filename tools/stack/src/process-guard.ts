import { spawn } from 'node:child_process';
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** Processes and folders that must not outlive this one, however it ends: a program of its own looks after them (see `children/process-guard.ts`). */
export class ProcessGuard {
  readonly #guard: ChildProcessByStdio<Writable, null, null>;
  readonly #folders = new Set<string>();

  constructor() {
    const file = fileURLToPath(import.meta.resolve('@kvasir/stack/process-guard'));
    this.#guard = spawn(process.execPath, [file], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.#guard.unref();
    // Without it the processes are only stopped in good order.
    this.#guard.stdin.on('error', () => undefined);
  }

  /** Looks after a process that leads a group of its own, until it ends. */
  watch(child: ChildProcess): void {
    const { pid } = child;
    if (pid === undefined) return;
    this.#tell(`+process ${pid}`);
    child.once('exit', () => this.#tell(`-process ${pid}`));
  }

  /** Looks after a folder until `close`. @returns the folder. */
  keep(folder: string): string {
    this.#folders.add(folder);
    this.#tell(`+folder ${folder}`);
    return folder;
  }

  /** Removes the folders, ends what is left of the processes, and the guard with it. */
  async close(): Promise<void> {
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
    this.#folders.clear();
    const { exitCode, signalCode } = this.#guard;
    const isOver = exitCode !== null || signalCode !== null;
    const ended = isOver ? null : once(this.#guard, 'exit');
    // Waited for also when nothing else is left to do.
    this.#guard.ref();
    this.#guard.stdin.end();
    await ended;
  }

  #tell(line: string): void {
    if (this.#guard.stdin.writable) this.#guard.stdin.write(`${line}\n`);
  }
}
