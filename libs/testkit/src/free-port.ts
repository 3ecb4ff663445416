import { once } from 'node:events';
import { createServer } from 'node:net';

/** A loopback port that nobody listened on a moment ago; for servers that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('Cannot find a free port');
  return address.port;
}

/** Tries to find ports in a row. */
const ATTEMPTS_MAX = 100;

/** The first of several free ports in a row. @throws TypeError when there is no such row. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const first = await freePort();
    const next = Array.from({ length: count - 1 }, (_, index) => first + index + 1);
    const areFree = await Promise.all(next.map(isFree));
    if (areFree.every(Boolean)) return first;
  }
  throw new TypeError(`Cannot find ${count} free ports in a row`);
}

async function isFree(port: number): Promise<boolean> {
  if (port > 65_535) return false;
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
