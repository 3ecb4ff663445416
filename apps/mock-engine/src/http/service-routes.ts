import type { FastifyInstance } from 'fastify';
import type { EngineParts } from '../engine-parts.js';
import { readFaultOrder } from '../faults.js';
import type { EngineMetrics } from '../metrics.js';
import { readFields, sendError } from './body-fields.js';

/** What every server has, whatever its dialect; and `/faults`, which only a mock has. */
export function addServiceRoutes(server: FastifyInstance, parts: EngineParts): void {
  server.get('/health', (_request, reply) => reply.code(healthStatus(parts)).send(''));
  addFaultRoutes(server, parts);
}

/** Prometheus' text. */
export function addMetricsRoute(server: FastifyInstance, metrics: EngineMetrics): void {
  server.get('/metrics', async (_request, reply) =>
    reply.header('content-type', metrics.contentType).send(await metrics.render()),
  );
}

/** `/health_generate` of SGLang and TensorRT-LLM: well when it can generate. */
export function addGenerationProbe(server: FastifyInstance, parts: EngineParts): void {
  server.get('/health_generate', (_request, reply) => reply.code(healthStatus(parts)).send(''));
}

function healthStatus({ faults }: EngineParts): number {
  return faults.fault.kind === 'refuse' ? 503 : 200;
}

function addFaultRoutes(server: FastifyInstance, parts: EngineParts): void {
  server.get('/faults', () => parts.faults.fault);
  server.post('/faults', async (request, reply) => {
    const fields = readFields(request.body, reply);
    if (fields === null) return reply;
    const order = readFaultOrder(fields);
    if (order.kind === 'invalid') return await sendError(reply, 400, order.message);
    await reply.send(order.fault);
    parts.logger.warn({ fault: order.fault, durationMs: order.durationMs }, 'fault on demand');
    parts.faults.set(order.fault, order.durationMs);
    return reply;
  });
}
