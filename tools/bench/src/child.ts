import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process of the benchmark's own, forked from `children/`. */
export interface BenchChild {
  readonly port: number;
  /** User plus system time of the process so far, in microseconds. */
  cpuUs(): Promise<number>;
  /** What the process answers when it is asked. */
  ask<Answer>(): Promise<Answer>;
  stop(): Promise<void>;
}

/** Starts `children/<name>.js` and waits for its port. @throws Error when it ends first. */
export async function startChild(name: string, args: readonly string[] = []): Promise<BenchChild> {
  // From sources (tests), the programs of the last build run.
  const folder = import.meta.url.endsWith('.ts') ? '../dist/children' : './children';
  const child = fork(fileURLToPath(new URL(`${folder}/${name}.js`, import.meta.url)), [...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [],
  });
  const { port } = await message<{ port: number }>(child, name);
  const ask = async <Answer>(): Promise<Answer> => {
    const answer = message<Answer>(child, name);
    child.send('ask');
    return await answer;
  };
  return {
    port,
    async cpuUs() {
      return (await ask<{ cpuUs: number }>()).cpuUs;
    },
    ask,
    async stop() {
      const gone = once(child, 'exit');
      if (child.connected) child.disconnect();
      await gone;
    },
  };
}

function message<Message>(child: ChildProcess, name: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error(`Cannot measure ${name}: its process ended`));
    child.once('exit', onExit);
    child.once('message', (received) => {
      child.off('exit', onExit);
      resolve(received as Message);
    });
  });
}
