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

/** Of what an error says. It travels percent-encoded in one header, three bytes for one at worst; some clients take no more than 8 KiB of headers. */
export const DETAILS_BYTES_MAX = 2_048;
/** What is cut off is not told. */
const CUT = ' …';
const CODE = /^[A-Z][A-Z0-9_]{0,63}$/;

/** The status that answers a call with an error; anything that is not an `RpcError` says nothing of its inside. */
export function toStatus(error: unknown): StatusObject {
  const known =
    error instanceof RpcError ? error : rpcError('RPC_INTERNAL', 'The server failed; its log says how');
  const metadata = new Metadata();
  // Codes of other servers pass through here too.
  metadata.set(CODE_TRAILER, CODE.test(known.code) ? known.code : 'RPC_INTERNAL');
  return { code: status[known.grpcStatus], details: detailsOf(known.message), metadata };
}

/** A message as a header can carry it, whatever a client's words in it are: well-formed, without control characters, bounded. */
function detailsOf(message: string): string {
  const plain = Buffer.from(message.slice(0, DETAILS_BYTES_MAX))
    .toString()
    .replace(/[\u0000-\u001f\u007f]/g, ' ');
  const bytes = Buffer.from(plain);
  if (bytes.length <= DETAILS_BYTES_MAX && message.length <= DETAILS_BYTES_MAX) return plain;
  const room = DETAILS_BYTES_MAX - Buffer.byteLength(CUT) - 3;
  return bytes.subarray(0, room).toString() + CUT;
}

/** The error that a client throws for a failed call. */
export function fromGrpcError(error: GrpcError): RpcError {
  const grpcStatus = statusNames.get(error.code) ?? 'UNKNOWN';
  const [carried] = error.metadata.get(CODE_TRAILER);
  if (typeof carried === 'string') return new RpcError(error.details, { code: carried, grpcStatus });
  const code = transportCodes[grpcStatus] ?? 'RPC_INTERNAL';
  return new RpcError(error.details, { code, grpcStatus, cause: error });
}
