import type { FastifyInstance } from 'fastify';
import type { EngineParts } from '../engine-parts.js';
import type { EngineMetrics } from '../metrics.js';
import { addGenerationProbe, addMetricsRoute } from './service-routes.js';

/** The release whose shapes are spoken. */
const SGLANG_VERSION = '0.5.18';

/** What an SGLang server says of itself and its load, and how its cache is emptied. */
export function addSglangRoutes(server: FastifyInstance, parts: EngineParts, metrics: EngineMetrics): void {
  addGenerationProbe(server, parts);
  for (const path of ['/model_info', '/get_model_info'])
    server.get(path, () => ({ model_path: parts.config.model.name, is_generation: true }));
  for (const path of ['/server_info', '/get_server_info']) server.get(path, () => serverInfo(parts));
  server.get('/v1/loads', () => ({ loads: loads(parts) }));
  server.get('/get_load', () => loads(parts));
  addMetricsRoute(server, metrics);
  addFlushRoute(server, parts);
}

function serverInfo({ config, ranks }: EngineParts): object {
  const { engine, kvEvents, model } = config;
  const endpoint = kvEvents?.endpoint.match(/^tcp:\/\/(.+):(\d+)$/);
  return {
    version: SGLANG_VERSION,
    served_model_name: model.name,
    context_length: model.contextTokensMax,
    page_size: engine.blockSize,
    max_total_num_tokens: engine.blockSize * engine.blockCount,
    dp_size: ranks.count,
    disaggregation_mode: 'null',
    enable_cache_report: config.reportsCachedTokens,
    kv_events:
      kvEvents === null
        ? null
        : {
            publisher: 'zmq',
            endpoint_host: endpoint?.[1] ?? null,
            endpoint_port_base: endpoint === null || endpoint === undefined ? null : Number(endpoint[2]),
            topic: kvEvents.topic,
            block_size: engine.blockSize,
            dp_size: ranks.count,
          },
  };
}

function loads({ config, ranks }: EngineParts): readonly object[] {
  const tokensMax = config.engine.blockSize * config.engine.blockCount;
  return ranks.loads().map(({ runningRequests, waitingRequests, kvUsedShare }, rank) => ({
    dp_rank: rank,
    num_running_reqs: runningRequests,
    num_waiting_reqs: waitingRequests,
    num_used_tokens: Math.round(kvUsedShare * tokensMax),
    max_total_num_tokens: tokensMax,
    token_usage: kvUsedShare,
  }));
}

function addFlushRoute(server: FastifyInstance, { ranks }: EngineParts): void {
  server.post('/flush_cache', (_request, reply) =>
    ranks.resetCache()
      ? reply.send('Cache flushed.')
      : reply.code(400).send('Cache is not flushed: there are running or waiting requests.'),
  );
}
