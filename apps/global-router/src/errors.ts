import { RpcError } from '@kvasir/rpc';
import type { GrpcStatus } from '@kvasir/rpc';

/** Errors of a router of pools. Codes are stable API, carried in the trailer `kvasir-code`; what a pool's own router says is passed on as it is. */
export const globalRouterErrors = {
  POOL_NONE_ELIGIBLE: {
    grpcStatus: 'UNAVAILABLE',
    meaning: 'No pool can take the request now; the message says for which reason each was refused.',
  },
  POOL_NONE_ANSWERED: {
    grpcStatus: 'UNAVAILABLE',
    meaning: 'No router of any eligible pool could be reached.',
  },
  POOL_MIXED_BLOCK_SIZES: {
    grpcStatus: 'FAILED_PRECONDITION',
    meaning: 'Overlaps of pools with different block sizes cannot be put into one answer.',
  },
  GLOBAL_ROUTER_DRAINING: {
    grpcStatus: 'UNAVAILABLE',
    meaning: 'This router is stopping and chooses nothing new; another one may.',
  },
} as const satisfies Record<string, { readonly grpcStatus: GrpcStatus; readonly meaning: string }>;

export function globalRouterError(
  code: keyof typeof globalRouterErrors,
  message: string,
  cause?: unknown,
): RpcError {
  return new RpcError(message, { code, grpcStatus: globalRouterErrors[code].grpcStatus, cause });
}
