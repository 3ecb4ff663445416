import type { FastifyInstance } from 'fastify';
import type { EngineParts } from '../engine-parts.js';
import type { EngineMetrics } from '../metrics.js';
import { addSglangRoutes } from './sglang-routes.js';
import { addTrtllmRoutes } from './trtllm-routes.js';
import { addVllmRoutes } from './vllm-routes.js';

/** The routes that a server of this dialect has beside those that all have. */
export function addDialectRoutes(server: FastifyInstance, parts: EngineParts, metrics: EngineMetrics): void {
  switch (parts.api.name) {
    case 'vllm':
      addVllmRoutes(server, parts, metrics);
      return;
    case 'sglang':
      addSglangRoutes(server, parts, metrics);
      return;
    case 'trtllm':
      addTrtllmRoutes(server, parts);
  }
}
