import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process of the benchmark's own, forked from `children/`. */
export interface BenchChild {
  readonly port: number;
  /** User plus system time of the process so far, in microseconds. */
  cpuUs(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts `children/<name>.js` and waits for its port. @throws Error when it ends first. */
export async function startChild(name: string, args: readonly string[] = []): Promise<BenchChild> {
  const child = fork(fileURLToPath(new URL(`./children/${name}.js`, import.meta.url)), [...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const { port } = await message<{ port: number }>(child, name);
  return {
    port,
    async cpuUs() {
      const answer = message<{ cpuUs: number }>(child, name);
      child.send('cpu');
      return (await answer).cpuUs;
    },
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
