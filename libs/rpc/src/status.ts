import { Metadata, status } from '@grpc/grpc-js';
import type { ServiceError as GrpcError, StatusObject } from '@grpc/grpc-js';
import { grpcStatuses, rpcError, RpcError } from './errors.js';
import type { GrpcStatus, RpcErrorCode } from './errors.js';

/** Trailer that carries the stable code of an error. */
const CODE_TRAILER = 'kvasir-code';

const statusNames = new Map<number, GrpcStatus>(grpcStatuses.map((name) => [status[name], name]));

/** What to say of a failure that came without a code: the transport's own. */
const transportCodes: Partial<Record<GrpcStatus, RpcErrorCode>> = {
  CANCELLED: 'RPC_CANCELLED',
  DEADLINE_EXCEEDED: 'RPC_DEADLINE_EXCEEDED',
  RESOURCE_EXHAUSTED: 'RPC_LIMIT_REACHED',
  UNAVAILABLE: 'RPC_UNAVAILABLE',
  UNIMPLEMENTED: 'RPC_UNIMPLEMENTED',
};

/** The status that answers a call with an error; anything that is not an `RpcError` says nothing of its inside. */
export function toStatus(error: unknown): StatusObject {
  const known =
    error instanceof RpcError ? error : rpcError('RPC_INTERNAL', 'The server failed; its log says how');
  const metadata = new Metadata();
  metadata.set(CODE_TRAILER, known.code);
  return { code: status[known.grpcStatus], details: known.message, metadata };
}

/** The error that a client throws for a failed call. */
export function fromGrpcError(error: GrpcError): RpcError {
  const grpcStatus = statusNames.get(error.code) ?? 'UNKNOWN';
  const [carried] = error.metadata.get(CODE_TRAILER);
  if (typeof carried === 'string') return new RpcError(error.details, { code: carried, grpcStatus });
  const code = transportCodes[grpcStatus] ?? 'RPC_INTERNAL';
  return new RpcError(error.details, { code, grpcStatus, cause: error });
}
