import type { EngineFleet } from '@kvasir/engine-watch';
import type { FastifyInstance, FastifyReply } from 'fastify';

interface EngineRoute {
  readonly Params: { readonly id: string };
  readonly Body: unknown;
}

/**
 * `GET /admin/engines`: every engine, and why it gets no requests; `POST /admin/engines/ID/drain` (`{"drain": false}` undoes it, as `DELETE` does): it
 * gets nothing new and finishes what it has. An id with slashes is written with %2F.
 */
export function addDrainRoutes(
  server: FastifyInstance,
  fleet: Pick<EngineFleet, 'engines' | 'setDraining'>,
): void {
  const setDraining = async (id: string, isDraining: boolean, reply: FastifyReply): Promise<FastifyReply> => {
    if (!(await fleet.setDraining(id, isDraining)))
      return await reply.code(404).send({ error: `No engine "${id}" is looked after here` });
    return await reply.send(fleet.engines().find(({ workerId }) => workerId === id));
  };
  void server.register((routes, _options, done) => {
    // Whatever a command line says its type is; an empty one is none.
    routes.removeAllContentTypeParsers();
    routes.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, parsed) => parsed(null, text));
    routes.get('/admin/engines', () => ({ engines: fleet.engines() }));
    routes.post<EngineRoute>('/admin/engines/:id/drain', async ({ params, body }, reply) => {
      const drain = readDrain(body);
      if (drain === null)
        return await reply.code(400).send({ error: 'The body must be empty or {"drain": true or false}' });
      return await setDraining(params.id, drain, reply);
    });
    routes.delete<EngineRoute>(
      '/admin/engines/:id/drain',
      async ({ params }, reply) => await setDraining(params.id, false, reply),
    );
    done();
  });
}

/** Null for what is none. */
function readDrain(body: unknown): boolean | null {
  if (typeof body !== 'string' || body.trim() === '') return true;
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null || !('drain' in value)) return null;
    return typeof value.drain === 'boolean' ? value.drain : null;
  } catch {
    return null;
  }
}
