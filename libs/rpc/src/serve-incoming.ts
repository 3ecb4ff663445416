import type { handleClientStreamingCall } from '@grpc/grpc-js';
import { logFailure } from './serve-call.js';
import type { CallSurroundings } from './serve-call.js';
import { toStatus } from './status.js';

/** What is done with the messages of one call. */
export interface IncomingCall<Request, Response> {
  take(request: Request): void;
  /** When the caller has ended the stream. */
  answer(): Response;
  /** However it ended: answered, failed or left. Called once. */
  ended(): void;
}

/** A gRPC client-streaming handler. A `take` that throws ends the call with its error; messages are taken as they come, one at a time. */
export function serveIncoming<Request, Response>(
  { calls, logger }: CallSurroundings,
  open: () => IncomingCall<Request, Response>,
): handleClientStreamingCall<Request, Response> {
  return (call, callback) => {
    const incoming = open();
    calls.running += 1;
    let isOver = false;
    const finish = (): boolean => {
      if (isOver) return false;
      isOver = true;
      calls.running -= 1;
      incoming.ended();
      return true;
    };
    call.on('data', (request: Request) => {
      if (isOver) return;
      try {
        incoming.take(request);
      } catch (error) {
        finish();
        logFailure(logger, call.getPath(), error);
        callback(toStatus(error));
      }
    });
    call.on('end', () => {
      const response = isOver ? null : incoming.answer();
      if (finish() && response !== null) callback(null, response);
    });
    call.on('cancelled', finish);
    call.on('error', finish);
  };
}
