import { readPoolSettings } from '@kvasir/pool-policy';
import type { PoolConfig } from '@kvasir/pool-policy';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { DecisionLog } from './decision-log.js';
import type { Pools } from './pools.js';

/**
 * `GET /admin/pools` shows pools, grids and the last decisions; `POST /admin/pools` adds a pool, `PATCH /admin/pools/NAME` drains (`isDraining`) or
 * weighs it (`weight`), `DELETE /admin/pools/NAME` takes it away. Changes last as long as the process: the file is what a restart reads.
 */
export function addPoolRoutes(server: FastifyInstance, pools: Pools, decisions: DecisionLog): void {
  server.get('/admin/pools', () => {
    const { policies, grids, topology, spillOver, failOver, affinity, probe } = pools.settings;
    const settings = { policies, grids, topology, spillOver, failOver, affinity, probe };
    return { pools: pools.states(), settings, decisions: decisions.all() };
  });
  server.post('/admin/pools', (request, reply) => {
    const reading = readPool(request.body);
    if (typeof reading === 'string') return refuse(reply, 400, reading);
    pools.put(reading);
    return reply.code(201).send(pools.get(reading.name)?.state());
  });
  server.patch<{ Params: { name: string } }>('/admin/pools/:name', ({ params, body }, reply) => {
    const change = readChange(body);
    if (typeof change === 'string') return refuse(reply, 400, change);
    if (!pools.change(params.name, change)) return refuse(reply, 404, `There is no pool "${params.name}"`);
    return reply.send(pools.get(params.name)?.state());
  });
  server.delete<{ Params: { name: string } }>('/admin/pools/:name', ({ params }, reply) =>
    pools.remove(params.name)
      ? reply.code(204).send()
      : refuse(reply, 404, `There is no pool "${params.name}"`),
  );
}

function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).send({ error: message });
}

function readPool(body: unknown): PoolConfig | string {
  const reading = readPoolSettings({ pools: [body] });
  if (reading.kind === 'invalid') return reading.problems.join('; ');
  return reading.settings.pools[0] ?? 'a pool is needed';
}

function readChange(body: unknown): { isDraining?: boolean; weight?: number } | string {
  const fields = (body ?? {}) as Readonly<Record<string, unknown>>;
  const { isDraining, weight, ...others } = fields;
  const [other] = Object.keys(others);
  if (other !== undefined) return `"${other}" cannot be changed; isDraining and weight can`;
  if (isDraining !== undefined && typeof isDraining !== 'boolean') return 'isDraining must be true or false';
  if (weight !== undefined && (typeof weight !== 'number' || !(weight > 0) || !Number.isFinite(weight)))
    return 'weight must be a number above 0';
  return {
    ...(isDraining === undefined ? {} : { isDraining }),
    ...(weight === undefined ? {} : { weight }),
  };
}
