import { once } from 'node:events';
import type {
  handleServerStreamingCall,
  handleUnaryCall,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js';
import type { Logger } from '@kvasir/service';
import { isLost, wasReset } from './call-stream.js';
import { RpcError } from './errors.js';
import { toStatus } from './status.js';

export type MaybePromise<Value> = Value | Promise<Value>;

/** What every handler reports to. */
export interface CallSurroundings {
  /** Calls that run now, so that a drain can tell what it abandons. */
  readonly calls: { running: number };
  readonly logger: Logger;
}

/**
 * A gRPC unary handler from a function that answers or throws. A function that answers synchronously costs no promise, and no signal unless it asks for
 * one, which aborts when the caller leaves or its deadline passes.
 * @param undo takes back what an answer stands for that its caller does not get.
 */
export function serveUnary<Request, Response>(
  { calls, logger }: CallSurroundings,
  answer: (request: Request, left: () => AbortSignal, caller: string) => MaybePromise<Response>,
  undo?: (request: Request) => void,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    calls.running += 1;
    const succeed = (response: Response): void => {
      calls.running -= 1;
      if (undo !== undefined) undoWhenLost(call, undo);
      callback(null, response);
    };
    const fail = (error: unknown): void => {
      calls.running -= 1;
      logFailure(logger, call.getPath(), error);
      callback(toStatus(error));
    };
    let response: MaybePromise<Response>;
    try {
      const left = (): AbortSignal => {
        const controller = new AbortController();
        if (isLost(call)) controller.abort();
        else call.on('cancelled', () => controller.abort());
        return controller.signal;
      };
      response = answer(call.request, left, hostOf(call.getPeer()));
    } catch (error) {
      fail(error);
      return;
    }
    if (response instanceof Promise) response.then(succeed, fail);
    else succeed(response);
  };
}

/** Connections of one caller have ports of their own. */
function hostOf(peer: string): string {
  const port = peer.lastIndexOf(':');
  return port < 0 ? peer : peer.slice(0, port);
}

function undoWhenLost<Request, Response>(
  call: ServerUnaryCall<Request, Response>,
  undo: (request: Request) => void,
): void {
  if (isLost(call)) undo(call.request);
  else
    call.once('cancelled', () => {
      if (wasReset(call)) undo(call.request);
    });
}

/**
 * A gRPC server-streaming handler from a function that yields. Waits when the client is slow; when the client leaves, the signal aborts and the
 * iterable is returned.
 */
export function serveStream<Request, Item, Response>(
  around: CallSurroundings,
  items: (request: Request, signal: AbortSignal) => Iterable<Item> | AsyncIterable<Item>,
  encode: (item: Item) => Response,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const left = new AbortController();
    call.on('cancelled', () => left.abort());
    around.calls.running += 1;
    void pump(call, () => items(call.request, left.signal), { encode, signal: left.signal })
      .then(
        () => call.end(),
        (error: unknown) => {
          if (left.signal.aborted) return;
          logFailure(around.logger, call.getPath(), error);
          call.emit('error', toStatus(error));
        },
      )
      .finally(() => {
        around.calls.running -= 1;
      });
  };
}

async function pump<Request, Item, Response>(
  call: ServerWritableStream<Request, Response>,
  items: () => Iterable<Item> | AsyncIterable<Item>,
  { encode, signal }: { readonly encode: (item: Item) => Response; readonly signal: AbortSignal },
): Promise<void> {
  for await (const item of items()) {
    if (signal.aborted) return;
    if (!call.write(encode(item))) await once(call, 'drain', { signal });
  }
}

/** An `RpcError` is an answer; anything else is a fault of this server, which the client is not told about. */
export function logFailure(logger: Logger, method: string, error: unknown): void {
  if (!(error instanceof RpcError)) logger.error({ method, error }, 'call failed');
}
