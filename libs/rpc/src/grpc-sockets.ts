import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { ServerCredentials } from '@grpc/grpc-js';
import type { Server } from '@grpc/grpc-js';
import { listenError } from '@kvasir/service';

/** The listening socket and the connections of a gRPC server. */
export interface GrpcSockets {
  /** @throws ServiceError when it cannot listen. */
  listen(host: string, port: number): Promise<void>;
  /** Null unless it listens. */
  address(): AddressInfo | null;
  /** Takes no new connection; those there are stay. Idempotent. */
  stopListening(): void;
  /** Ends every connection at once. */
  destroyConnections(): void;
}

/**
 * Sockets of our own for a gRPC server, handed in by its connection injector, for two reasons seen in grpc-js 1.14: `bindAsync` reports a taken
 * port as text only and prints it too, and `forceShutdown` forgets its sessions when channelz is off.
 */
export function grpcSockets(server: Server): GrpcSockets {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const connections = new Set<Socket>();
  const listener = createServer({ noDelay: true }, (connection) => {
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
    injector.injectConnection(connection);
  });
  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        const fail = (error: Error): void => reject(listenError(error, host, port));
        listener.once('error', fail);
        listener.listen({ host, port }, () => {
          listener.off('error', fail);
          resolve();
        });
      }),
    address() {
      const address = listener.address();
      return typeof address === 'string' ? null : address;
    },
    stopListening() {
      listener.close();
    },
    destroyConnections() {
      for (const connection of connections) connection.destroy();
    },
  };
}
