import { addKvEventsService, addRouterService, RpcError } from '@kvasir/rpc';
import type { RpcServer, RpcService } from '@kvasir/rpc';
import { createLogger } from '@kvasir/service';
import { mustHold } from '../fuzz-target.js';
import type { FuzzTarget } from '../fuzz-target.js';

/** HTTP/2 clients refuse longer headers; a status travels in one. */
const DETAILS_BYTES_MAX = 4_096;
const logger = createLogger({ name: 'fuzz', level: 'silent' });

interface Answer {
  readonly code?: number;
  readonly details?: string;
}
type Callback = (error: Answer | null, response?: unknown) => void;
type Handler = (call: object, callback: Callback) => void;

/** A server without sockets: decodes what would have come over one, and calls what it serves. */
class Wire {
  readonly #services: RpcService[] = [];

  constructor(add: (server: RpcServer) => void) {
    const notServed = (): never => {
      throw new TypeError('Cannot serve: there are no sockets');
    };
    add({
      ...{ name: 'wire', add: (service) => void this.#services.push(service) },
      ...{ start: notServed, drain: notServed, close: notServed, address: notServed, setServing: notServed },
    });
  }

  /** Calls every method that takes one message; streams of one message for others. */
  call(input: Buffer): void {
    for (const { service, handlers } of this.#services) {
      const made = handlers({ calls: { running: 0 }, logger });
      for (const [name, { path, requestDeserialize, requestStream, responseStream }] of Object.entries(
        service,
      )) {
        const request = deserialized(requestDeserialize, input);
        if (request === null || responseStream) continue;
        callOnce(made[name] as Handler, { path, request, isStream: requestStream });
      }
    }
  }
}

/** Null for bytes that are no message: gRPC itself answers those. */
function deserialized(read: (bytes: Buffer) => unknown, input: Buffer): object | null {
  try {
    const value = read(input);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

function callOnce(
  handler: Handler,
  {
    path,
    request,
    isStream,
  }: { readonly path: string; readonly request: object; readonly isStream: boolean },
): void {
  let answers = 0;
  const listeners = new Map<string, (message?: object) => void>();
  const call = {
    ...{ request, getPath: () => path, getPeer: () => '127.0.0.1:1', cancelled: false },
    on: (event: string, listener: (message?: object) => void) => void listeners.set(event, listener),
  };
  handler(call, (error) => {
    answers += 1;
    mustHold(
      Buffer.byteLength(error?.details ?? '') <= DETAILS_BYTES_MAX,
      'what an error says fits a header',
    );
  });
  if (isStream) {
    listeners.get('data')?.(request);
    listeners.get('end')?.();
  }
  mustHold(answers === 1, `${path} answers once, not ${answers} times`);
}

/** Refuses what it is told to, as routers do: with the caller's own words. */
const refuse = (what: unknown): never => {
  throw new RpcError(`Cannot serve ${JSON.stringify(what)}`, { code: 'FUZZ', grpcStatus: 'NOT_FOUND' });
};

const router = new Wire((server) =>
  addRouterService(server, {
    bestWorkerId: refuse,
    findBestWorker: refuse,
    markPrefillComplete: refuse,
    free: refuse,
    getPotentialLoads: refuse,
    getOverlapScores: refuse,
    explainPool: refuse,
  }),
);
const agent = new Wire((server) =>
  addKvEventsService(server, () => ({ take: () => undefined, ended: () => undefined })),
);

export const routerCalls: FuzzTarget = {
  name: 'router-calls',
  shape: 'bytes',
  seeds: () => SEEDS.map((hex) => Buffer.from(hex, 'hex')),
  run: (input) => router.call(Buffer.from(input)),
};

export const publishedEvents: FuzzTarget = {
  name: 'published-events',
  shape: 'bytes',
  seeds: () => EVENT_SEEDS.map((hex) => Buffer.from(hex, 'hex')),
  run: (input) => agent.call(Buffer.from(input)),
};

/** A request id, a prompt of four tokens, overrides, constraints, and a number of output tokens. */
const SEEDS = [
  '0a047265713112160a1001000000020000000300000004000000120273711a00',
  '12120a1001000000020000000300000004000000',
  '0a0472657131120a0a08010000000200000018052216090000000000000840110000000000000040190000000000000000',
  '0a0472657131',
] as const;

/** An opened stream, and blocks that are stored and removed. */
const EVENT_SEEDS = [
  '0a060a0277311000',
  '122a0a100100000000000000020000000000000012001a1001000000020000000300000004000000200232040a00',
  '1a0a0a080100000000000000',
  '2200',
] as const;
