import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import type { StandingFinding } from '@kvasir/self-check';
import type { Component, DrainReport } from './component.js';
import { LastAnswers } from './last-answers.js';
import { listenError } from './listen.js';
import type { Metrics } from './metrics.js';

/** Whether this service should be given work now. */
export type Readiness = { readonly kind: 'ready' } | { readonly kind: 'notReady'; readonly reason: string };

export interface AdminRoutes {
  readonly metrics: Pick<Metrics, 'render' | 'contentType'>;
  readonly readiness: () => Readiness;
  /** Called when somebody asks whether it is ready or well. */
  readonly probed?: (() => void) | undefined;
  /** What is wrong although it is ready, or not; absent where nothing is looked for. */
  readonly findings?: (() => readonly StandingFinding[]) | undefined;
}

/**
 * Adds `/health` and `/live` (200 while the process answers), `/ready` (200, or 503 with the reason; what the self-check has found either way) and `/metrics` (Prometheus text) to a
 * server that is there already.
 */
export function addAdminRoutes(server: FastifyInstance, routes: AdminRoutes): void {
  server.get('/live', () => ({ status: 'live' }));
  server.get('/health', () => {
    routes.probed?.();
    const readiness = routes.readiness();
    return readiness.kind === 'ready'
      ? { status: 'healthy' }
      : { status: 'healthy', notReady: readiness.reason };
  });
  server.get('/ready', (_request, reply) => {
    routes.probed?.();
    const readiness = routes.readiness();
    const found = routes.findings === undefined ? {} : { findings: routes.findings().map(shown) };
    if (readiness.kind === 'ready') return reply.send({ status: 'ready', ...found });
    return reply.code(503).send({ status: 'not ready', reason: readiness.reason, ...found });
  });
  server.get('/metrics', async (_request, reply) => {
    const text = await routes.metrics.render();
    return reply.header('content-type', routes.metrics.contentType).send(text);
  });
}

function shown({ code, severity, subject, message }: StandingFinding) {
  return { code, severity, subject, message };
}

export interface AdminServer extends Component {
  /** `/ready` says 503 from now on. */
  leave(): void;
  /** Where it listens. @throws TypeError before it has started. */
  address(): { readonly host: string; readonly port: number };
}

/**
 * A small HTTP server for probes and scrapes. It keeps answering while the service drains, so start it first.
 * @param options.port 0 takes a free one.
 * @throws (from start) ServiceError when it cannot listen.
 */
export function createAdminServer(
  options: AdminRoutes & {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    /** Adds routes of the service's own. */
    readonly extend?: (server: FastifyInstance) => void;
  },
): AdminServer {
  const server = fastify({ logger: false, forceCloseConnections: true });
  const lastAnswers = new LastAnswers(server.server);
  let isLeaving = false;
  const readiness = (): Readiness => {
    const own = options.readiness();
    return isLeaving && own.kind === 'ready'
      ? { kind: 'notReady', reason: 'the service is about to stop' }
      : own;
  };
  addAdminRoutes(server, { ...options, readiness });
  options.extend?.(server);
  return {
    name: options.name,
    async start() {
      try {
        await server.listen({ host: options.host, port: options.port });
      } catch (error) {
        throw listenError(error, options.host, options.port);
      }
    },
    leave() {
      isLeaving = true;
      lastAnswers.begin();
    },
    drain: (): Promise<DrainReport> => Promise.resolve({ abandonedRequests: 0 }),
    close: () => server.close(),
    address() {
      const address = server.server.address();
      if (address === null || typeof address === 'string')
        throw new TypeError(`Cannot tell the address of ${options.name}: it is not started`);
      return { host: address.address, port: address.port };
    },
  };
}
