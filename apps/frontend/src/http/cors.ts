import type { FastifyInstance } from 'fastify';

/** How long a browser may remember what it was allowed, in seconds. */
const PREFLIGHT_MAX_AGE_S = '600';
const METHODS = 'GET, HEAD, POST, OPTIONS';
/** Of answers, that pages may read beyond the usual ones. */
const EXPOSED_HEADERS =
  'x-request-id, retry-after, x-kvasir-decode-worker, x-kvasir-prefill-worker, x-kvasir-overlap-blocks';
/** Names of headers as browsers list them. */
const HEADER_NAMES = /^[\w\-, ]{1,2000}$/;

/**
 * Lets web pages of these origins call (`*`: of all), as engines do: answers `OPTIONS`, and says so with every answer to a request that names its origin.
 * Nothing is allowed when the list is empty. Headers are set before a handler takes the response over.
 */
export function addCors(server: FastifyInstance, origins: readonly string[]): void {
  const isOpen = origins.includes('*');
  const allowedOrigin = (origin: string): string | null => {
    if (isOpen) return '*';
    return origins.includes(origin) ? origin : null;
  };
  server.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    const allowed = origin === undefined ? null : allowedOrigin(origin);
    if (!isOpen && origins.length > 0) reply.raw.setHeader('vary', 'origin');
    if (allowed !== null) {
      reply.raw.setHeader('access-control-allow-origin', allowed);
      reply.raw.setHeader('access-control-expose-headers', EXPOSED_HEADERS);
    }
    if (request.method !== 'OPTIONS') {
      done();
      return;
    }
    const wanted = request.headers['access-control-request-headers'];
    void reply
      .code(204)
      .headers({ 'access-control-allow-methods': METHODS, 'access-control-max-age': PREFLIGHT_MAX_AGE_S })
      .headers(isHeaderNames(wanted) ? { 'access-control-allow-headers': wanted } : {})
      .send();
  });
}

function isHeaderNames(value: unknown): value is string {
  return typeof value === 'string' && HEADER_NAMES.test(value);
}
