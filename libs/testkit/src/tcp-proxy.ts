import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A way to a server that can be broken, for tests of partitions. */
export interface TcpProxy {
  readonly port: number;
  /** From now on nothing passes, in either direction, and nobody is told: as behind a broken link. */
  cut(): void;
  /** Connections made before are reset; new ones pass. */
  mend(): void;
  close(): Promise<void>;
}

/** Listens on loopback and passes everything on to `targetPort` there. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      // What arrives while it is cut is gone: after `mend` the stream could not go on anyway.
      from.on('data', (bytes: Buffer) => {
        if (!isCut) to.write(bytes);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        if (!isCut) to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const reset = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => void (isCut = true),
    mend() {
      isCut = false;
      reset();
    },
    async close() {
      isCut = false;
      server.close();
      reset();
      await once(server, 'close');
    },
  };
}
