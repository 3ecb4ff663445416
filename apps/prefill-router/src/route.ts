import type { KvRouter, RouteOutcome, RouteRequest } from '@kvasir/router';
import { RpcError } from '@kvasir/rpc';
import type { BestWorkerIdRequest, GrpcStatus, RouteDecision } from '@kvasir/rpc';
import type { RequestId } from '@kvasir/units';

/** What each refusal to route means to a caller. */
const STATUS_OF_REJECTION: Readonly<Record<Extract<RouteOutcome, { kind: 'rejected' }>['code'], GrpcStatus>> =
  {
    SCHED_NO_TARGETS: 'UNAVAILABLE',
    SCHED_NO_ELIGIBLE_TARGETS: 'UNAVAILABLE',
    SCHED_PINNED_UNAVAILABLE: 'FAILED_PRECONDITION',
    SCHED_DUPLICATE_REQUEST: 'ALREADY_EXISTS',
    SCHED_BOOKINGS_FULL: 'RESOURCE_EXHAUSTED',
  };

/** Routes, or throws the RpcError that answers the call. */
export function routeOrThrow(router: KvRouter, request: RouteRequest): RouteDecision {
  const outcome = router.route(request);
  if (outcome.kind === 'routed') return { ...outcome.decision, pool: null };
  const { code, message } = outcome;
  throw new RpcError(message, { code, grpcStatus: STATUS_OF_REJECTION[code] });
}

/** A call's request as the router takes it. A null id books nothing. */
export function routeRequest(request: BestWorkerIdRequest, requestId: RequestId | null): RouteRequest {
  const { prompt, overrides, constraints } = request;
  const { tokens, loraName, cacheSalt } = prompt;
  return { requestId, tokens, loraName, cacheSalt, overrides, constraints };
}
