import { Server } from '@grpc/grpc-js';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { formatAddress } from '@kvasir/service';
import type { Component, DrainReport, Logger } from '@kvasir/service';
import { HealthImplementation } from 'grpc-health-check';
import { grpcSockets } from './grpc-sockets.js';
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
  /** Called when somebody asks whether it serves, by `grpc.health.v1`. */
  readonly probed?: (() => void) | undefined;
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
  addHealth(server, health, options.probed);
  const sockets = grpcSockets(server);
  const setServing = (isServing: boolean): void => {
    const status = isServing ? 'SERVING' : 'NOT_SERVING';
    for (const { serviceName } of services) health.setStatus(serviceName, status);
    health.setStatus('', status);
  };
  const endAll = (): void => {
    server.forceShutdown();
    sockets.destroyConnections();
  };
  let isStarted = false;
  let draining: Promise<DrainReport> | null = null;
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
      await sockets.listen(options.host, options.port);
      setServing(true);
    },
    drain(deadlineMs) {
      setServing(false);
      sockets.stopListening();
      draining ??= shutdownWithin({ server, deadlineMs, endAll, calls: around.calls });
      return draining;
    },
    close() {
      sockets.stopListening();
      endAll();
      return Promise.resolve();
    },
    address() {
      const address = sockets.address();
      if (address === null)
        throw new TypeError(`Cannot tell the address of ${options.name}: it does not listen`);
      return formatAddress(address.address, address.port);
    },
    setServing,
  };
}

/** @param probed hears of every question; the package of health checks does not tell. */
function addHealth(server: Server, health: HealthImplementation, probed: (() => void) | undefined): void {
  if (probed === undefined) {
    health.addToServer(server);
    return;
  }
  const addService: Server['addService'] = (definition, handlers) => {
    const heard = Object.entries(handlers).map(([name, handle]) => [
      name,
      (...call: readonly unknown[]): unknown => {
        probed();
        return Reflect.apply(handle, undefined, call);
      },
    ]);
    server.addService(definition, Object.fromEntries(heard) as UntypedServiceImplementation);
  };
  health.addToServer(Object.assign(Object.create(server) as Server, { addService }));
}

/** Lets running calls finish until the deadline, then ends them and reports how many they were. */
function shutdownWithin(options: {
  readonly server: Server;
  readonly deadlineMs: number;
  readonly endAll: () => void;
  readonly calls: CallSurroundings['calls'];
}): Promise<DrainReport> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve({ abandonedRequests: options.calls.running });
      options.endAll();
    }, options.deadlineMs);
    options.server.tryShutdown(() => {
      clearTimeout(timer);
      resolve({ abandonedRequests: 0 });
    });
  });
}

function addReflection(server: Server, services: readonly RpcService[]): void {
  const merged: PackageDefinition = {};
  for (const { packageDefinition } of services)
    for (const [name, definition] of Object.entries(packageDefinition)) merged[name] = definition;
  new ReflectionService(merged).addToServer(server);
}
