import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

const POLL_MS = 200;
const STOP_TIMEOUT_MS = 30_000;

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Gets what it prints. */
  readonly logFile: string;
  /** Answers 200 once the program is ready. */
  readonly readyUrl: string;
  readonly readyTimeoutMs: number;
}

/** A program in a process group of its own, which ends as a whole. */
export class RunningProgram {
  readonly #options: ProgramOptions;
  #child: ChildProcess;

  private constructor(options: ProgramOptions) {
    this.#options = options;
    this.#child = this.#spawn();
  }

  /** @throws Error when it is not ready in time, or ends before. */
  static async start(options: ProgramOptions): Promise<RunningProgram> {
    const program = new RunningProgram(options);
    await program.#ready();
    return program;
  }

  async restart(): Promise<void> {
    await this.kill();
    this.#child = this.#spawn();
    await this.#ready();
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    const timer = setTimeout(() => void this.kill(), STOP_TIMEOUT_MS);
    await this.#end('SIGINT');
    clearTimeout(timer);
    // Children of an engine may outlive it.
    this.#signal('SIGKILL');
  }

  #spawn(): ChildProcess {
    const { command, args, env, logFile } = this.#options;
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const log = createWriteStream(logFile, { flags: 'a' });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    process.once('exit', () => this.#signal('SIGKILL'));
    return child;
  }

  async #ready(): Promise<void> {
    const { command, readyUrl, readyTimeoutMs, logFile } = this.#options;
    const endMs = performance.now() + readyTimeoutMs;
    while (!(await answers(readyUrl))) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`Cannot start ${command}: it ended; see ${logFile}`);
      if (performance.now() > endMs)
        throw new Error(`Cannot start ${command}: not ready after ${readyTimeoutMs} ms; see ${logFile}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#signal(signal);
    await ended;
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    try {
      if (pid !== undefined) process.kill(-pid, signal);
    } catch {
      // All of it has ended.
    }
  }
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
