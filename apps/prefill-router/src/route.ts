import type { KvRouter, RouteRequest } from '@kvasir/router';
import type { BestWorkerIdRequest, RouteDecision, RouterPrompt } from '@kvasir/rpc';
import type { RequestId } from '@kvasir/units';
import { prefillRouterError, rejection } from './errors.js';

/**
 * Routes a call's request, or throws the RpcError that answers the call.
 * @param requestId books under this id; null books nothing.
 */
export function route(
  router: KvRouter,
  request: BestWorkerIdRequest,
  requestId: RequestId | null,
): RouteDecision {
  checkModel(router, request.prompt);
  const outcome = router.route(routeRequest(request, requestId));
  if (outcome.kind === 'rejected') throw rejection(outcome.code, outcome.message);
  return { ...outcome.decision, pool: null, routerAddress: null };
}

function routeRequest(
  { prompt, overrides, constraints }: BestWorkerIdRequest,
  requestId: RequestId | null,
): RouteRequest {
  const { tokens, loraName, cacheSalt, media } = prompt;
  return { requestId, tokens, loraName, cacheSalt, media, overrides, constraints };
}

/** A pool serves one model: a request for another one has gone astray. */
function checkModel(router: KvRouter, { model }: RouterPrompt): void {
  const served = router.model();
  if (model !== undefined && served !== null && served !== model)
    throw prefillRouterError(
      'ROUTER_UNKNOWN_MODEL',
      `Cannot route: the workers serve ${served}, not ${model}`,
    );
}
