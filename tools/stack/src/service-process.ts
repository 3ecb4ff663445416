import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A service that does not stop by then is ended; after SIGTERM it has its lame-duck time and its whole drain. */
const STOP_TIMEOUT_MS = { SIGINT: 12_000, SIGTERM: 60_000 } as const;

/** One service as a process of its own. It has its own process group: a Ctrl-C reaches the stack, which stops its services in order. */
export class ServiceProcess {
  readonly name: string;
  readonly #file: string;
  readonly #args: readonly string[];
  readonly #tell: (line: string) => void;
  readonly #spawned: (child: ChildProcess) => void;
  #child: ChildProcess;
  #ended: Promise<void> = Promise.resolve();
  #isStopping = false;
  #endedWith: string | null = null;

  /**
   * @param program.main module specifier of the program.
   * @param owner.tell gets every line that the program logs, and when it ends by itself.
   * @param owner.spawned hears of each process at once.
   */
  constructor(
    name: string,
    program: { readonly main: string; readonly args: readonly string[] },
    owner: {
      readonly tell: (line: string) => void;
      readonly spawned: (child: ChildProcess) => void;
    },
  ) {
    this.name = name;
    this.#file = fileURLToPath(import.meta.resolve(program.main));
    this.#args = program.args;
    this.#tell = owner.tell;
    this.#spawned = owner.spawned;
    this.#child = this.#spawn();
  }

  /** How it ended; null while it runs. */
  get endedWith(): string | null {
    return this.#endedWith;
  }

  /** Ends it in good order: as a Ctrl-C does, when nobody is to turn to others first, or as an orchestrator does (`SIGTERM`). */
  async stop(signal: 'SIGINT' | 'SIGTERM' = 'SIGINT'): Promise<void> {
    this.#isStopping = true;
    this.#child.kill(signal);
    const timer = setTimeout(() => this.kill(), STOP_TIMEOUT_MS[signal]);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Kills it as a crash would, and starts it anew. */
  async restart(): Promise<void> {
    this.#isStopping = true;
    this.kill();
    await this.#ended;
    this.#isStopping = false;
    this.#child = this.#spawn();
  }

  /** Starts it anew after it has ended. */
  async launch(): Promise<void> {
    await this.#ended;
    this.#isStopping = false;
    this.#child = this.#spawn();
  }

  /** Lets it stand still, or go on. */
  pause(isPaused: boolean): void {
    this.#child.kill(isPaused ? 'SIGSTOP' : 'SIGCONT');
  }

  /** At once, as a crash would. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #spawn(): ChildProcess {
    this.#endedWith = null;
    const child = spawn(process.execPath, [this.#file, ...this.#args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    this.#spawned(child);
    createInterface({ input: child.stderr }).on('line', this.#tell);
    this.#ended = once(child, 'exit').then(([code, signal]) => {
      this.#endedWith = String(signal ?? code);
      if (!this.#isStopping) this.#tell(`ended with ${this.#endedWith}`);
    });
    return child;
  }
}
