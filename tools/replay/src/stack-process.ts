import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { StackSummary } from '@kvasir/stack';

const STACK_MAIN = fileURLToPath(import.meta.resolve('@kvasir/stack/main'));
/** What is kept of what a stack says on standard error: its end. */
const SAID_CHARS_MAX = 4_096;
/** A stack that does not stop is ended. */
const STOP_TIMEOUT_MS = 20_000;

/** A stack in a process of its own. */
export interface StackProcess {
  readonly summary: StackSummary;
  /** Aborted when the stack ends by itself. */
  readonly died: AbortSignal;
  stop(): Promise<void>;
}

/** Starts a stack and waits until it is ready. @throws Error with what it said when it does not start. */
export async function startStackProcess(flags: readonly string[]): Promise<StackProcess> {
  const child = spawn(process.execPath, [STACK_MAIN, '--http-port', '0', '--ready-json', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said = `${said}${text.toString()}`.slice(-SAID_CHARS_MAX)));
  const died = new AbortController();
  const ended = once(child, 'exit').then(() => died.abort());
  const lines = createInterface({ input: child.stdout });
  const [first] = (await Promise.race([once(lines, 'line'), ended.then(() => [])])) as readonly string[];
  if (first === undefined)
    throw new Error(said.trim() === '' ? 'The stack ended before it was ready' : said.trim());
  return {
    summary: JSON.parse(first) as StackSummary,
    died: died.signal,
    async stop() {
      if (died.signal.aborted) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}
