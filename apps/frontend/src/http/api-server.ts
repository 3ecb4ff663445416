import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import {
  chatRequestReader,
  completionRequestReader,
  errorBody,
  openAiError,
  relayedPaths,
  relayedRequestReader,
  requestPaths,
} from '@kvasir/openai';
import type {
  ApiRequest,
  ModelCard,
  ModelList,
  OpenAiError,
  RequestReader,
  RequestReadingOptions,
} from '@kvasir/openai';
import { modelNotFound } from '../serving/model-not-found.js';
import { addAdminRoutes, LastAnswers, listenError } from '@kvasir/service';
import type { AdminRoutes, Logger } from '@kvasir/service';
import type { RequestId } from '@kvasir/units';
import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import type { ConnectionLimits } from '../intake/intake-options.js';
import { addCors } from './cors.js';
import { answerConnectionError } from './connection-errors.js';
import type { ConnectionFault, ParserError } from './connection-errors.js';

/** How often connections are looked at whose head is overdue. */
const HEADERS_CHECK_PERIOD_MS = 1_000;
/** How long an unused connection of a client is kept, in ms: longer than load balancers keep theirs, so that they close first. */
const IDLE_CONNECTION_MS = 75_000;

/** What the routes hand over to; the body of a request is not read yet. */
export interface ApiHandlers {
  serve(endpoint: ApiEndpoint, request: IncomingMessage, response: ServerResponse): void;
  models(): ModelList;
  readonly newRequestId: () => RequestId;
  /** A connection was given up before it had brought a request. */
  readonly connectionFault: (fault: ConnectionFault) => void;
}

export interface ApiServerParts {
  readonly admin: AdminRoutes;
  readonly limits: ConnectionLimits;
  /** Of web pages that may call; `*` is all. */
  readonly corsAllowOrigins: readonly string[];
  readonly logger: Logger;
}

export interface ApiEndpoint {
  readonly kind: ApiRequest['kind'];
  readonly path: string;
  readonly reader: (bytes: Uint8Array, options: RequestReadingOptions) => RequestReader;
}

const endpoints: readonly ApiEndpoint[] = [
  { kind: 'chat', path: requestPaths.chat, reader: chatRequestReader },
  { kind: 'completion', path: requestPaths.completion, reader: completionRequestReader },
  ...relayedPaths.map((path) => ({
    kind: 'relayed' as const,
    path,
    reader: (bytes: Uint8Array, options: RequestReadingOptions) => relayedRequestReader(path, bytes, options),
  })),
];

/** The HTTP server: routes and their hand-over. Replies to inference requests are taken out of the framework's hands. */
export class ApiServer {
  readonly #server: FastifyInstance;
  readonly #lastAnswers: LastAnswers;
  readonly #handlers: ApiHandlers;
  readonly #logger: Logger;

  constructor(handlers: ApiHandlers, { admin, limits, corsAllowOrigins, logger }: ApiServerParts) {
    this.#handlers = handlers;
    this.#logger = logger;
    this.#server = fastify({
      logger: false,
      forceCloseConnections: true,
      // Bodies have a rate floor and the deadline of their request.
      requestTimeout: 0,
      keepAliveTimeout: IDLE_CONNECTION_MS,
      http: {
        headersTimeout: limits.headersTimeoutMs,
        maxHeaderSize: limits.headerBytesMax,
        connectionsCheckingInterval: HEADERS_CHECK_PERIOD_MS,
      },
      // A base URL with a slash at its end makes two of them.
      rewriteUrl: ({ url }) => plainUrl(url ?? '/'),
      clientErrorHandler: (error, socket) => this.#answerBroken(error, socket),
      // The path parameters of the routes are none; an id per request is made where it is needed.
      genReqId: () => '',
    });
    const { server } = this.#server;
    addCors(this.#server, corsAllowOrigins);
    server.maxConnections = limits.connectionsMax;
    server.on('drop', () => handlers.connectionFault('tooMany'));
    // Who has closed only its sending side still gets its answer: see `probeHalfClosed`.
    Object.assign(server, { httpAllowHalfOpen: true });
    this.#lastAnswers = new LastAnswers(this.#server.server);
    this.#addRoutes();
    addAdminRoutes(this.#server, admin);
  }

  /** @throws ServiceError when it cannot listen. */
  async listen(host: string, port: number): Promise<void> {
    try {
      await this.#server.listen({ host, port });
    } catch (error) {
      throw listenError(error, host, port);
    }
  }

  /** @throws TypeError before it listens. */
  address(): { readonly host: string; readonly port: number } {
    const address = this.#server.server.address();
    if (address === null || typeof address === 'string') {
      throw new TypeError('Cannot tell the address of the frontend: it is not started');
    }
    return { host: address.address, port: address.port };
  }

  /** Answers end their connections from now on; everything is served as before. */
  leave(): void {
    this.#lastAnswers.begin();
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.#server.close();
  }

  #addRoutes(): void {
    const server = this.#server;
    // Bodies are read by the handlers, whatever their content type is said to be: limits and errors are in one place then.
    server.removeAllContentTypeParsers();
    server.addContentTypeParser('*', (_request, _payload, done) => done(null));
    for (const endpoint of endpoints) {
      server.post(endpoint.path, (request, reply) => {
        reply.hijack();
        this.#handlers.serve(endpoint, request.raw, reply.raw);
      });
    }
    server.get('/v1/models', () => this.#handlers.models());
    // Names of models may have slashes.
    server.get<{ Params: { '*': string } }>('/v1/models/*', (request, reply) => {
      const id = request.params['*'];
      const card = this.#handlers.models().data.find((model: ModelCard) => model.id === id);
      if (card !== undefined) return card;
      const error = modelNotFound(id);
      return this.#withId(reply).code(error.status).send(errorBody(error));
    });
    server.setNotFoundHandler((request, reply) => {
      const path = request.url.split('?', 1)[0] ?? '';
      const allowed = allowedMethods(path);
      const error = openAiError(
        allowed === null ? 'unknown_url' : 'method_not_allowed',
        `There is no ${request.method} ${path.slice(0, 200)}`,
      );
      if (allowed !== null) void reply.header('allow', allowed);
      void this.#withId(reply).code(error.status).send(errorBody(error));
    });
    server.setErrorHandler((error, _request, reply) => {
      const told = this.#internal(error);
      void this.#withId(reply).code(told.status).send(errorBody(told));
    });
  }

  #answerBroken(error: ParserError, socket: Socket): void {
    this.#handlers.connectionFault(answerConnectionError(error, socket, this.#handlers.newRequestId()));
  }

  #withId<Reply extends { header(name: string, value: string): Reply }>(reply: Reply): Reply {
    return reply.header('x-request-id', this.#handlers.newRequestId());
  }

  #internal(error: unknown): OpenAiError {
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
    if (status >= 400 && status < 500 && error instanceof Error) {
      return { ...openAiError('invalid_value', error.message), status };
    }
    this.#logger.error({ error }, 'request failed');
    return openAiError('internal_error', 'The server failed; its log says more');
  }
}

const READ_PATHS = new Set(['/v1/models', '/health', '/live', '/ready', '/metrics']);
const WRITE_PATHS = new Set(endpoints.map(({ path }) => path));

/** Methods of a path that is known, as `Allow` lists them; null when it is not. */
function allowedMethods(path: string): string | null {
  if (WRITE_PATHS.has(path)) return 'POST, OPTIONS';
  return READ_PATHS.has(path) || path.startsWith('/v1/models/') ? 'GET, HEAD, OPTIONS' : null;
}

/** Without empty parts in its path: `//v1/models/` is `/v1/models`. */
function plainUrl(url: string): string {
  const [path = '', ...query] = url.split('?');
  const parts = path.split('/').filter((part) => part !== '');
  return [`/${parts.join('/')}`, ...query].join('?');
}
