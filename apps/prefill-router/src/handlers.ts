import type { RouteDecision, RouterHandlers } from '@kvasir/rpc';
import { prefillRouterError, rejection } from './errors.js';
import { generate } from './generate.js';
import type { ServingParts } from './parts.js';
import { book, route } from './route.js';

/**
 * The `Router` service of one pool.
 * @param isDraining true once no new work is taken: queries, marks and frees are still served.
 */
export function routerHandlers(
  parts: ServingParts,
  isDraining: () => boolean,
): Omit<RouterHandlers, 'explainPool'> {
  const { router, logger } = parts;
  let isDumping = false;
  const refuseWhenDraining = (): void => {
    if (isDraining()) throw prefillRouterError('ROUTER_DRAINING', 'Cannot route: this router is draining');
  };
  return {
    bestWorkerId: (request) => route(router, request),
    findBestWorker: (request, left, caller) => {
      refuseWhenDraining();
      const { requestId } = request;
      const log = (decision: RouteDecision): RouteDecision => {
        logger.debug({ requestId, decision }, 'booked');
        return decision;
      };
      const booked = book(router, request, { caller, left });
      if (!(booked instanceof Promise)) return log(booked);
      logger.debug({ requestId }, 'waits for a worker');
      return booked.then(log);
    },
    markPrefillComplete: (requestId) => router.markPrefillComplete(requestId),
    free: (requestId) => parts.release(requestId),
    getPotentialLoads: (prompt) => router.potentialLoads(prompt),
    getOverlapScores: (prompt) => {
      const blockSize = router.blockSize();
      if (blockSize === null)
        throw rejection('SCHED_NO_TARGETS', 'Cannot score: no worker has said its block size yet');
      const promptBlocks = Math.floor(prompt.tokens.length / blockSize);
      return { blockSize, promptBlocks, scores: router.overlapScores(prompt) };
    },
    *dumpEvents() {
      if (isDumping) throw prefillRouterError('ROUTER_DUMP_RUNNING', 'Cannot dump: another dump runs');
      isDumping = true;
      try {
        // Collected at once: the index must not change while it is walked, and a slow reader would keep it from changing.
        yield* [...router.dumpEvents()];
      } finally {
        isDumping = false;
      }
    },
    generate: (request, signal) => {
      refuseWhenDraining();
      return generate(parts, request, signal);
    },
  };
}
