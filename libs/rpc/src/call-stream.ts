import type { ServerUnaryCall } from '@grpc/grpc-js';

/** What is looked at of the HTTP/2 stream under a call. */
interface StreamState {
  readonly destroyed: boolean;
  readonly closed: boolean;
  readonly rstCode?: number;
}

/** HTTP/2's NO_ERROR: the stream ended as it should. */
const NO_ERROR = 0;

/**
 * Whether a call has ended without its caller getting the answer: cancelled, its deadline passed, or its connection gone. grpc-js 1.14 tells of that late:
 * a cancellation that comes in the same read as the request is told only after the handler has run, and `cancelled` is emitted at the end of
 * every call. The stream under it knows.
 */
export function isLost<Request, Response>(call: ServerUnaryCall<Request, Response>): boolean {
  if (call.cancelled || Number(call.getDeadline()) <= Date.now()) return true;
  const stream = streamOf(call);
  return stream !== null && (stream.destroyed || stream.closed);
}

/** To be asked once `cancelled` was emitted: true when the caller has ended the call before it was answered to the end. */
export function wasReset<Request, Response>(call: ServerUnaryCall<Request, Response>): boolean {
  const code = streamOf(call)?.rstCode;
  return code !== undefined && code !== NO_ERROR;
}

/** Null when grpc-js keeps it elsewhere. */
function streamOf(call: object): StreamState | null {
  const inner: unknown = Reflect.get(call, 'call');
  if (typeof inner !== 'object' || inner === null) return null;
  const stream: unknown = Reflect.get(inner, 'stream');
  return typeof stream === 'object' && stream !== null && 'destroyed' in stream && 'closed' in stream
    ? (stream as StreamState)
    : null;
}
