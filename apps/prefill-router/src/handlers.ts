import type { EngineClient } from '@kvasir/engines';
import type { KvRouter } from '@kvasir/router';
import { RpcError } from '@kvasir/rpc';
import type { RouterHandlers } from '@kvasir/rpc';
import type { Logger } from '@kvasir/service';
import type { RequestId } from '@kvasir/units';
import { generate } from './generate.js';
import { routeOrThrow, routeRequest } from './route.js';

/** The `Router` service of one pool. */
export function routerHandlers(parts: {
  readonly router: KvRouter;
  readonly engines: EngineClient;
  readonly logger: Logger;
  readonly newRequestId: () => RequestId;
  /** True once no new work is taken. */
  readonly isDraining: () => boolean;
}): RouterHandlers {
  const { router } = parts;
  const refuseWhenDraining = (): void => {
    if (!parts.isDraining()) return;
    throw new RpcError('Cannot route: this router is draining', {
      code: 'ROUTER_DRAINING',
      grpcStatus: 'UNAVAILABLE',
    });
  };
  return {
    bestWorkerId: (request) => routeOrThrow(router, routeRequest(request, null)),
    findBestWorker: (request) => {
      refuseWhenDraining();
      return routeOrThrow(router, routeRequest(request, request.requestId));
    },
    markPrefillComplete: (requestId) => router.markPrefillComplete(requestId),
    free: (requestId) => router.free(requestId),
    getPotentialLoads: (prompt) => router.potentialLoads(prompt),
    getOverlapScores: (prompt) => {
      const blockSize = router.blockSize() ?? 0;
      const promptBlocks = blockSize === 0 ? 0 : Math.floor(prompt.tokens.length / blockSize);
      return { blockSize, promptBlocks, scores: router.overlapScores(prompt) };
    },
    // Collected at once: the index must not change while it is dumped.
    dumpEvents: () => [...router.dumpEvents()],
    generate: (request, signal) => {
      refuseWhenDraining();
      return generate(parts, request, signal);
    },
  };
}
