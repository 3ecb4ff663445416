import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { freePort } from './free-port.js';

const START_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/** A real server on loopback, for tests. */
export interface ServerProcess {
  readonly port: number;
  /** Kills it as a crash would. */
  kill(): Promise<void>;
  /** Lets it stand still, or go on. */
  pause(): void;
  resume(): void;
  /** Starts it anew on the same port, after `kill`. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts `program` with the arguments for a port (a free one unless given) and waits until it listens. @throws Error with what it said when it does not. */
export async function startServerProcess(
  program: string,
  argumentsFor: (port: number) => readonly string[],
  givenPort?: number,
): Promise<ServerProcess> {
  const port = givenPort ?? (await freePort());
  let child = await start(program, argumentsFor(port), port);
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
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async restart() {
      child = await start(program, argumentsFor(port), port);
    },
    stop: () => end('SIGTERM'),
  };
}

async function start(program: string, args: readonly string[], port: number): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
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
