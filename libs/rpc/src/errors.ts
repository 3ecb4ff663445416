import { KvasirError } from '@kvasir/service';

/** The gRPC statuses that a failed call ends with, by their canonical names. */
export const grpcStatuses = [
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

export type GrpcStatus = (typeof grpcStatuses)[number];

/** Every error this package raises itself. A service's own codes (`SCHED_…`) travel beside them in the same trailer. */
export const rpcErrors = {
  RPC_MISSING_FIELD: { grpcStatus: 'INVALID_ARGUMENT', meaning: 'A field that the call needs is absent.' },
  RPC_INVALID_FIELD: { grpcStatus: 'INVALID_ARGUMENT', meaning: 'A field is out of its range.' },
  RPC_INVALID_TOKENS: {
    grpcStatus: 'INVALID_ARGUMENT',
    meaning: 'token_ids is not a whole number of 4-byte integers.',
  },
  RPC_UNIMPLEMENTED: { grpcStatus: 'UNIMPLEMENTED', meaning: 'The server does not serve this method.' },
  RPC_UNAVAILABLE: {
    grpcStatus: 'UNAVAILABLE',
    meaning: 'The server cannot be reached or went away; nothing says whether it acted.',
  },
  RPC_DEADLINE_EXCEEDED: {
    grpcStatus: 'DEADLINE_EXCEEDED',
    meaning: 'No answer within the deadline; nothing says whether the server acted.',
  },
  RPC_CANCELLED: { grpcStatus: 'CANCELLED', meaning: 'The caller cancelled the call.' },
  RPC_LIMIT_REACHED: {
    grpcStatus: 'RESOURCE_EXHAUSTED',
    meaning: 'A message is larger than MESSAGE_BYTES_MAX, or the transport has no room.',
  },
  RPC_INTERNAL: { grpcStatus: 'INTERNAL', meaning: 'The server failed; its log says how.' },
} as const satisfies Record<string, { readonly grpcStatus: GrpcStatus; readonly meaning: string }>;

export type RpcErrorCode = keyof typeof rpcErrors;

/** Statuses after which the same call may succeed later or elsewhere. A missed deadline is not one: the caller's time is used up. */
const RETRYABLE: ReadonlySet<GrpcStatus> = new Set(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'ABORTED']);

/**
 * A failed call: thrown by handlers to answer it, thrown by clients when they receive it. `code` is one of `rpcErrors` or the service's own,
 * carried unchanged through the trailer `kvasir-code`.
 */
export class RpcError extends KvasirError {
  readonly grpcStatus: GrpcStatus;

  constructor(
    message: string,
    options: { readonly code: string; readonly grpcStatus: GrpcStatus; readonly cause?: unknown },
  ) {
    super(message, {
      code: options.code,
      retryable: RETRYABLE.has(options.grpcStatus),
      cause: options.cause,
    });
    this.grpcStatus = options.grpcStatus;
  }
}

/** An error of this package's own table. */
export function rpcError(code: RpcErrorCode, message: string, cause?: unknown): RpcError {
  return new RpcError(message, { code, grpcStatus: rpcErrors[code].grpcStatus, cause });
}
