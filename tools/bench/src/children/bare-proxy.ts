/**
 * The least that a fastify + undici proxy does: read the body, parse it, pass it on, relay what comes back.
 * The frontend's cost is compared with this in the same run. Answers its parent's `cpu` question.
 */
import { fastify } from 'fastify';
import { Pool } from 'undici';
import { answerCpu } from './cpu.js';

const pool = new Pool(process.argv[2] ?? '', { connections: 128, pipelining: 1 });
const app = fastify({ bodyLimit: 16 * 1024 * 1024 });
app.removeAllContentTypeParsers();
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
  done(null, body);
});
app.post('/v1/completions', (request, reply) => {
  const body = request.body as Buffer;
  JSON.parse(body.toString('utf8'));
  reply.hijack();
  void pool
    .stream(
      { path: '/v1/completions', method: 'POST', headers: { 'content-type': 'application/json' }, body },
      ({ statusCode, headers }) => {
        reply.raw.writeHead(statusCode, { 'content-type': headers['content-type'] ?? 'application/json' });
        return reply.raw;
      },
    )
    .catch(() => reply.raw.destroy());
});
await app.listen({ host: '127.0.0.1', port: 0 });
const address = app.server.address();
process.send?.({ port: typeof address === 'object' ? address?.port : null });
answerCpu();
