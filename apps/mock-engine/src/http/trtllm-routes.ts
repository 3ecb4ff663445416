import type { FastifyInstance } from 'fastify';
import type { EngineParts } from '../engine-parts.js';
import { addGenerationProbe } from './service-routes.js';

/** The release whose shapes are spoken. */
const TRTLLM_VERSION = '1.3.0';

/** What `trtllm-serve` says of itself; its metrics are JSON. */
export function addTrtllmRoutes(server: FastifyInstance, parts: EngineParts): void {
  addGenerationProbe(server, parts);
  server.get('/version', () => ({ version: TRTLLM_VERSION }));
  server.get('/server_info', () => ({ disaggregated_params: null }));
  server.get('/metrics', () => iterationStats(parts));
}

/** Statistics of the last iteration; the real one tells all since the last call, which is as good for who reads the newest. */
function iterationStats({ ranks, config }: EngineParts): readonly object[] {
  const loads = ranks.loads();
  const sum = (read: (load: (typeof loads)[number]) => number): number =>
    loads.reduce((total, load) => total + read(load), 0);
  const maxNumBlocks = config.engine.blockCount * loads.length;
  return [
    {
      numActiveRequests: sum(({ runningRequests }) => runningRequests),
      numQueuedRequests: sum(({ waitingRequests }) => waitingRequests),
      kvCacheStats: {
        usedNumBlocks: Math.round(sum(({ kvUsedShare }) => kvUsedShare * config.engine.blockCount)),
        maxNumBlocks,
        tokensPerBlock: config.engine.blockSize,
      },
    },
  ];
}
