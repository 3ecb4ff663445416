import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { freePort } from './free-port.js';

const START_TIMEOUT_MS = 10_000;
const POLL_MS = 20;
/** A server that was told to end may still write into its folder. */
const REMOVAL_ATTEMPTS_MAX = 10;

/** A real server on loopback, for tests. */
export interface ServerProcess {
  readonly port: number;
  /** Kills it as a crash would. */
  kill(): Promise<void>;
  /** Lets it stand still, or go on. */
  pause(): void;
  resume(): void;
  /** Asks it to end, and waits until it has. */
  terminate(): Promise<void>;
  /** Starts it anew on the same port, after it has ended. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

export interface ServerProcessOptions {
  /** A free one when not given. */
  readonly port?: number | undefined;
  /** The server's own: removed when it is stopped. */
  readonly folder?: string | undefined;
  /** Hears of the process as soon as it is there, at each start. Given, the server has a process group of its own: a Ctrl-C does not reach it. */
  readonly spawned?: ((child: ChildProcess) => void) | undefined;
}

/** Starts `program` with the arguments for its port and waits until it listens. @throws Error with what it said when it does not. */
export async function startServerProcess(
  program: string,
  argumentsFor: (port: number) => readonly string[],
  options: ServerProcessOptions = {},
): Promise<ServerProcess> {
  const port = options.port ?? (await freePort());
  const startOnce = (): Promise<ChildProcess> => start(program, argumentsFor(port), { ...options, port });
  let child = await startOnce().catch((error: unknown) => {
    removeFolder(options.folder);
    throw error;
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    await ended;
  };
  return {
    port,
    kill: () => end('SIGKILL'),
    terminate: () => end('SIGTERM'),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async restart() {
      child = await startOnce();
    },
    async stop() {
      await end('SIGTERM');
      removeFolder(options.folder);
    },
  };
}

function removeFolder(folder: string | undefined): void {
  if (folder !== undefined)
    rmSync(folder, { recursive: true, force: true, maxRetries: REMOVAL_ATTEMPTS_MAX });
}

async function start(
  program: string,
  args: readonly string[],
  { port, spawned }: ServerProcessOptions & { readonly port: number },
): Promise<ChildProcess> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: spawned !== undefined,
  });
  if (child.pid !== undefined) spawned?.(child);
  let said = '';
  child.stdout.on('data', (text: Buffer) => (said += text.toString()));
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  const problems: string[] = [];
  child.once('error', (error) => problems.push(error.message));
  child.once('exit', (code) => problems.push(`it ended with code ${code}: ${said}`));
  const endMs = performance.now() + START_TIMEOUT_MS;
  while (!(await listens(port))) {
    if (performance.now() > endMs) problems.push(`it does not listen after ${START_TIMEOUT_MS} ms: ${said}`);
    const [problem] = problems;
    if (problem !== undefined) {
      child.kill('SIGKILL');
      throw new Error(`Cannot start ${program}: ${problem}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return child;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
