import type { KvRouter, RouteOutcome, RouteRequest } from '@kvasir/router';
import type { BestWorkerIdRequest, RouteDecision, RouterPrompt } from '@kvasir/rpc';
import type { RequestId } from '@kvasir/units';
import { prefillRouterError, rejection } from './errors.js';

/** Answers where a request would go now, or throws the RpcError that answers the call. Books nothing. */
export function route(router: KvRouter, request: BestWorkerIdRequest): RouteDecision {
  checkModel(router, request.prompt);
  return decisionOf(router.route(routeRequest(request, null)));
}

/** Books a call's request, at once or after a wait, or throws the RpcError that answers the call. @param left makes a signal that ends the wait. @param caller has a limit of its own. */
export function book(
  router: KvRouter,
  request: BestWorkerIdRequest & { readonly requestId: RequestId },
  { caller, left }: { readonly caller?: string; readonly left: () => AbortSignal },
): RouteDecision | Promise<RouteDecision> {
  checkModel(router, request.prompt);
  const outcome = router.routeOrWait(
    { ...routeRequest(request, request.requestId), caller },
    {
      priority: request.poolHints?.priority ?? 0,
      left,
    },
  );
  return outcome instanceof Promise ? outcome.then(decisionOf) : decisionOf(outcome);
}

function decisionOf(outcome: RouteOutcome): RouteDecision {
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
