import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A service that does not stop by then is ended. */
const STOP_TIMEOUT_MS = 12_000;

/** One service as a process of its own. It has its own process group: a Ctrl-C reaches the stack, which stops its services in order. */
export class ServiceProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #isStopping = false;
  #endedWith: string | null = null;

  /**
   * @param main module specifier of the program.
   * @param tell gets every line that the program logs, and when it ends by itself.
   */
  constructor(
    name: string,
    program: { readonly main: string; readonly args: readonly string[] },
    tell: (line: string) => void,
  ) {
    this.name = name;
    const file = fileURLToPath(import.meta.resolve(program.main));
    this.#child = spawn(process.execPath, [file, ...program.args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    if (this.#child.stderr !== null) createInterface({ input: this.#child.stderr }).on('line', tell);
    this.#ended = once(this.#child, 'exit').then(([code, signal]) => {
      this.#endedWith = String(signal ?? code);
      if (!this.#isStopping) tell(`ended with ${this.#endedWith}`);
    });
  }

  /** How it ended; null while it runs. */
  get endedWith(): string | null {
    return this.#endedWith;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), STOP_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  /** At once, as a crash would. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
