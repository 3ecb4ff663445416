import type { WorkerId } from '@kvasir/units';
import type { FastifyInstance } from 'fastify';

/** A worker as an operator sees it at one router. */
export interface AdminWorker {
  readonly workerId: WorkerId;
  readonly url: string;
  /** It gets nothing new: at its own wish, or because this router was told so. */
  readonly isDraining: boolean;
}

/** What the routes are about. */
export interface AdminWorkers {
  all(): readonly AdminWorker[];
  /** @returns false for a worker that is not known. */
  setDraining(workerId: string, isDraining: boolean): boolean;
}

/**
 * `GET /admin/workers` shows who is known; `PATCH /admin/workers/ID` with `{"drain":true}` or `{"drain":false}` takes new work off a worker, or gives it
 * back, at this router alone: until undone, until the worker leaves or starts anew, or until the router restarts.
 */
export function addWorkerRoutes(server: FastifyInstance, workers: AdminWorkers): void {
  server.get('/admin/workers', () => ({ workers: workers.all() }));
  server.patch<{ Params: { id: string } }>('/admin/workers/:id', ({ params: { id }, body }, reply) => {
    const drain = readDrain(body);
    if (drain === null)
      return reply.code(400).send({ error: 'The body must be {"drain":true} or {"drain":false}' });
    if (!workers.setDraining(id, drain))
      return reply.code(404).send({ error: `There is no worker "${id.slice(0, 200)}"` });
    return reply.send(workers.all().find(({ workerId }) => workerId === id));
  });
}

function readDrain(body: unknown): boolean | null {
  if (typeof body !== 'object' || body === null) return null;
  const { drain, ...others } = body as Readonly<Record<string, unknown>>;
  return typeof drain === 'boolean' && Object.keys(others).length === 0 ? drain : null;
}
