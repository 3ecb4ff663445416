import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** An HTTP server on a free port of this machine, answering as a test says. */
export interface FakeEngine {
  readonly url: string;
  readonly server: Server;
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>;
  /** Connections made so far. */
  connectionCount(): number;
  close(): Promise<void>;
}

export async function startFakeEngine(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<FakeEngine> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => answer(request, response, Buffer.concat(parts).toString()));
  });
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    server,
    sockets,
    connectionCount: () => connections,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
