import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Ports to choose from: below those that systems give to outgoing connections (from 32,768 on Linux, 49,152 elsewhere), which would take a free port
 * between its choice and its use.
 */
const PORT_MIN = 15_000;
const PORT_MAX = 32_000;
/** Tries to find ports in a row. */
const ATTEMPTS_MAX = 1_000;

/** No port is given twice while there are others; programs beside this one begin elsewhere. */
let nextPort = PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN));

/** A loopback port that nobody listens on, given once; for servers that cannot choose one themselves. @throws TypeError when there is none. */
export async function freePort(): Promise<number> {
  return await freePorts(1);
}

/** The first of several free ports in a row. @throws TypeError when there is no such row. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    if (nextPort + count > PORT_MAX) nextPort = PORT_MIN;
    const first = nextPort;
    nextPort += count;
    const row = Array.from({ length: count }, (_, index) => first + index);
    const areFree = await Promise.all(row.map(isFree));
    if (areFree.every(Boolean)) return first;
  }
  throw new TypeError(`Cannot find ${count} free ports in a row`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = new Promise<boolean>((resolve) => {
    server.once('listening', () => resolve(true));
    server.once('error', () => resolve(false));
  });
  server.listen(port, '127.0.0.1');
  const was = await listening;
  if (was) {
    server.close();
    await once(server, 'close');
  }
  return was;
}
