import { listenError } from '@kvasir/service';
import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import type { EngineParts } from '../engine-parts.js';
import type { EngineMetrics } from '../metrics.js';
import { addApiRoutes } from './api-routes.js';
import { addDialectRoutes } from './dialect-routes.js';
import { addServiceRoutes } from './service-routes.js';
import { engineError } from './engine-error.js';

/** The engine's HTTP server: bodies reach the routes as bytes, errors leave in its dialect's shape. */
export class EngineServer {
  readonly #server: FastifyInstance;
  readonly #parts: EngineParts;

  constructor(parts: EngineParts, metrics: EngineMetrics) {
    this.#parts = parts;
    this.#server = fastify({
      logger: false,
      forceCloseConnections: true,
      bodyLimit: parts.config.bodyBytesMax,
    });
    this.#server.removeAllContentTypeParsers();
    this.#server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
      done(null, body);
    });
    // A hung engine answers nobody, but must hear that the fault is over.
    this.#server.addHook('onRequest', async (request) => {
      if (request.url !== '/faults') await parts.faults.responsive();
    });
    this.#server.setErrorHandler<Error & { statusCode?: number }>(async (error, _request, reply) => {
      const status = error.statusCode ?? 500;
      if (status >= 500) parts.logger.error({ err: error }, 'request failed');
      return await reply.code(status).send(parts.api.errorBody(engineError(status, error.message)));
    });
    this.#server.setNotFoundHandler((_request, reply) => reply.code(404).send({ detail: 'Not Found' }));
    addApiRoutes(this.#server, parts);
    addServiceRoutes(this.#server, parts);
    addDialectRoutes(this.#server, parts, metrics);
  }

  /** @throws ServiceError when it cannot listen. */
  async start(): Promise<void> {
    const { host, port } = this.#parts.config.http;
    try {
      await this.#server.listen({ host, port });
    } catch (error) {
      throw listenError(error, host, port);
    }
  }

  /** @throws TypeError before it has started. */
  port(): number {
    const address = this.#server.server.address();
    if (address === null || typeof address === 'string')
      throw new TypeError('Cannot tell the port of the engine: it is not started');
    return address.port;
  }

  /** Breaks what is open and frees the port. */
  async close(): Promise<void> {
    await this.#server.close();
  }
}
