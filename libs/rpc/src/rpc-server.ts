import { createServer } from 'node:net';
import type { Server as SocketServer, Socket } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { formatAddress, listenError } from '@kvasir/service';
import type { Component, DrainReport, Logger } from '@kvasir/service';
import { HealthImplementation } from 'grpc-health-check';
import type { CallSurroundings } from './serve-call.js';

/** Largest message in bytes, either way: four million token ids. */
export const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
/** Calls at one time on one connection; more wait at the client. */
export const CALLS_PER_CONNECTION_MAX = 4096;

/** One service to serve. */
export interface RpcService {
  /** Full name, for health checks: `kvasir.v1.Router`. */
  readonly serviceName: string;
  /** For reflection. */
  readonly packageDefinition: PackageDefinition;
  readonly service: ServiceDefinition;
  readonly handlers: (around: CallSurroundings) => UntypedServiceImplementation;
}

export interface RpcServer extends Component {
  /** Adds a service. @throws TypeError once started. */
  add(service: RpcService): void;
  /** `host:port` it listens on. @throws TypeError before it has started. */
  address(): string;
  /** What gRPC health checks answer; true from `start` until `drain`, unless set otherwise. */
  setServing(isServing: boolean): void;
}

/**
 * A gRPC server with health checks (`grpc.health.v1`) and reflection (v1 and v1alpha).
 * `start` listens; `drain` answers health checks with NOT_SERVING, takes no new call, lets the running ones finish until the deadline and ends
 * the rest; `close` ends all at once.
 * @param options.port 0 takes a free one.
 * @throws (from start) ServiceError `SERVICE_PORT_TAKEN` and its kin.
 */
export function createRpcServer(options: {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly logger: Logger;
}): RpcServer {
  const around: CallSurroundings = { calls: { running: 0 }, logger: options.logger };
  const services: RpcService[] = [];
  const health = new HealthImplementation();
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_concurrent_streams': CALLS_PER_CONNECTION_MAX,
    'grpc.enable_channelz': 0,
  });
  health.addToServer(server);
  const setServing = (isServing: boolean): void => {
    const status = isServing ? 'SERVING' : 'NOT_SERVING';
    health.setStatus('', status);
    for (const { serviceName } of services) health.setStatus(serviceName, status);
  };
  // The sockets are ours rather than bindAsync's: it reports a taken port as text only, and prints it too.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = createServer({ noDelay: true }, (socket: Socket) => injector.injectConnection(socket));
  let isStopped = false;
  let isStarted = false;
  return {
    name: options.name,
    add(service) {
      if (isStarted)
        throw new TypeError(`Cannot add ${service.serviceName} to ${options.name}: it has started`);
      server.addService(service.service, service.handlers(around));
      services.push(service);
    },
    async start() {
      isStarted = true;
      addReflection(server, services);
      await listen(sockets, options.host, options.port);
      setServing(true);
    },
    async drain(deadlineMs): Promise<DrainReport> {
      if (isStopped) return { abandonedRequests: 0 };
      isStopped = true;
      setServing(false);
      sockets.close();
      const abandonedRequests = await shutdownWithin(server, deadlineMs, around.calls);
      return { abandonedRequests };
    },
    close() {
      isStopped = true;
      sockets.close();
      server.forceShutdown();
      return Promise.resolve();
    },
    address() {
      const address = sockets.address();
      if (address === null || typeof address === 'string')
        throw new TypeError(`Cannot tell the address of ${options.name}: it does not listen`);
      return formatAddress(address.address, address.port);
    },
    setServing,
  };
}

function listen(sockets: SocketServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(listenError(error, host, port));
    sockets.once('error', onError);
    sockets.listen({ host, port }, () => {
      sockets.off('error', onError);
      resolve();
    });
  });
}

/** Lets running calls finish until the deadline, then ends them; returns how many were ended. */
function shutdownWithin(
  server: Server,
  deadlineMs: number,
  calls: CallSurroundings['calls'],
): Promise<number> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      const abandoned = calls.running;
      server.forceShutdown();
      resolve(abandoned);
    }, deadlineMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve(0);
    });
  });
}

function addReflection(server: Server, services: readonly RpcService[]): void {
  const merged: PackageDefinition = {};
  for (const { packageDefinition } of services)
    for (const [name, definition] of Object.entries(packageDefinition)) merged[name] = definition;
  new ReflectionService(merged).addToServer(server);
}
