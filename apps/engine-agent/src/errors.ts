import { RpcError } from '@kvasir/rpc';
import type { GrpcStatus } from '@kvasir/rpc';

/** Why the agent does not take a stream of KV events. Codes are stable API, carried in the trailer `kvasir-code`. */
export const engineAgentErrors = {
  AGENT_STREAM_NOT_OPENED: {
    grpcStatus: 'INVALID_ARGUMENT',
    meaning: 'The first message of a stream, and only the first, says whose cache it is of.',
  },
  AGENT_UNKNOWN_ENGINE: {
    grpcStatus: 'NOT_FOUND',
    meaning: 'This agent has no engine of that name and rank whose events come over gRPC.',
  },
  AGENT_ENGINE_DOWN: {
    grpcStatus: 'UNAVAILABLE',
    meaning: 'The engine is not registered now; once it is, a new stream may begin.',
  },
} as const satisfies Record<string, { readonly grpcStatus: GrpcStatus; readonly meaning: string }>;

export function engineAgentError(code: keyof typeof engineAgentErrors, message: string): RpcError {
  return new RpcError(message, { code, grpcStatus: engineAgentErrors[code].grpcStatus });
}
