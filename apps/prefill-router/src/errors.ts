import type { EngineFailure } from '@kvasir/engines';
import type { RouteOutcome } from '@kvasir/router';
import { RpcError } from '@kvasir/rpc';
import type { GrpcStatus } from '@kvasir/rpc';

type RejectionCode = Extract<RouteOutcome, { kind: 'rejected' }>['code'];

interface ErrorRow {
  readonly grpcStatus: GrpcStatus;
  readonly meaning: string;
}

/** Errors of a router's own. Codes are stable API, carried in the trailer `kvasir-code`. */
export const prefillRouterErrors = {
  ROUTER_DRAINING: {
    grpcStatus: 'UNAVAILABLE',
    meaning: 'This router is stopping and books nothing new; another one may.',
  },
  ROUTER_UNKNOWN_MODEL: {
    grpcStatus: 'NOT_FOUND',
    meaning: 'The workers of this endpoint serve another model.',
  },
  ROUTER_DUMP_RUNNING: {
    grpcStatus: 'RESOURCE_EXHAUSTED',
    meaning: 'Another DumpEvents runs: a dump holds a copy of the index.',
  },
} as const satisfies Record<string, ErrorRow>;

/** What each refusal of the scheduler means to a caller. */
const STATUS_OF_REJECTION: Readonly<Record<RejectionCode, GrpcStatus>> = {
  SCHED_NO_TARGETS: 'UNAVAILABLE',
  SCHED_NO_ELIGIBLE_TARGETS: 'UNAVAILABLE',
  SCHED_PINNED_UNAVAILABLE: 'FAILED_PRECONDITION',
  SCHED_DUPLICATE_REQUEST: 'ALREADY_EXISTS',
  SCHED_BOOKINGS_FULL: 'RESOURCE_EXHAUSTED',
  SCHED_CALLER_FULL: 'RESOURCE_EXHAUSTED',
  SCHED_QUEUE_FULL: 'RESOURCE_EXHAUSTED',
  SCHED_WAIT_ENDED: 'CANCELLED',
};

const STATUS_OF_OUTCOME: Readonly<Record<EngineFailure['outcome'], GrpcStatus>> = {
  workerFault: 'UNAVAILABLE',
  overload: 'RESOURCE_EXHAUSTED',
  clientFault: 'INVALID_ARGUMENT',
  neutral: 'INTERNAL',
};

/** An error of this app's own table. */
export function prefillRouterError(code: keyof typeof prefillRouterErrors, message: string): RpcError {
  return new RpcError(message, { code, grpcStatus: prefillRouterErrors[code].grpcStatus });
}

/** The scheduler's refusal as an answer. */
export function rejection(code: RejectionCode, message: string): RpcError {
  return new RpcError(message, { code, grpcStatus: STATUS_OF_REJECTION[code] });
}

/** An engine's failure as an answer; `message` is what the engine said, when it said something. */
export function engineError({ code, outcome, retryable }: EngineFailure, message: string): RpcError {
  const isNobodysFault = outcome === 'neutral' && retryable;
  return new RpcError(message, {
    code,
    grpcStatus: isNobodysFault ? 'UNAVAILABLE' : STATUS_OF_OUTCOME[outcome],
  });
}
