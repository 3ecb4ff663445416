import { credentials } from '@grpc/grpc-js';
import type { Client, MethodDefinition } from '@grpc/grpc-js';
import type { GenerateRequestInput } from '@kvasir/contract';
import type { RequestId } from '@kvasir/units';
import { rpcError } from './errors.js';
import type { RpcError } from './errors.js';
import { routerConstructor } from './router-definition.js';
import type {
  BestWorkerIdRequest,
  DumpedChain,
  FindBestWorkerRequest,
  GenerateEvent,
  GenerateRequest,
  OverlapScores,
  PoolExplanation,
  PotentialLoad,
  RouteDecision,
  RouterPrompt,
} from './router-messages.js';
import { decodeExplanation, encodePoolHints } from './pool-wire.js';
import * as wire from './router-wire.js';
import { MESSAGE_BYTES_MAX } from './rpc-server.js';
import { fromGrpcError } from './status.js';

/** First wait before reconnecting to a server that went away; doubles up to `RECONNECT_MS_MAX`. */
const RECONNECT_MS_FIRST = 100;
const RECONNECT_MS_MAX = 2_000;

export interface CallOptions {
  /** Replaces the client's deadline for this call. */
  readonly deadlineMs?: number | undefined;
  /** Cancels the call, on the server too. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A router elsewhere. Every method rejects (or its iterable throws) with an `RpcError`: the router's own code, or `RPC_UNAVAILABLE`,
 * `RPC_DEADLINE_EXCEEDED`, `RPC_CANCELLED`. Reconnects by itself; a call made while the server is away fails at once.
 */
export interface RouterClient {
  readonly address: string;
  bestWorkerId(request: BestWorkerIdRequest, options?: CallOptions): Promise<RouteDecision>;
  /** The caller owes `markPrefillComplete` and `free` for the same request id, also after a missed deadline: the router may have booked. */
  findBestWorker(request: FindBestWorkerRequest, options?: CallOptions): Promise<RouteDecision>;
  markPrefillComplete(requestId: RequestId, options?: CallOptions): Promise<boolean>;
  free(requestId: RequestId, options?: CallOptions): Promise<boolean>;
  getPotentialLoads(prompt: RouterPrompt, options?: CallOptions): Promise<readonly PotentialLoad[]>;
  getOverlapScores(prompt: RouterPrompt, options?: CallOptions): Promise<OverlapScores>;
  /** Which pool a request would go to; only a router of pools knows. */
  explainPool(request: BestWorkerIdRequest, options?: CallOptions): Promise<PoolExplanation>;
  /** No deadline unless one is given. Leaving the iteration cancels the call. */
  dumpEvents(options?: CallOptions): AsyncIterable<DumpedChain>;
  /** No deadline unless one is given. Leaving the iteration cancels the call and with it the engine request. */
  generate(request: GenerateRequest, options?: CallOptions): AsyncIterable<GenerateEvent>;
  close(): void;
}

/**
 * @param address `host:port`.
 * @param defaults.deadlineMs deadline of each unary call.
 */
export function createRouterClient(address: string, defaults: { readonly deadlineMs: number }): RouterClient {
  const Router = routerConstructor();
  const client = new Router(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc.initial_reconnect_backoff_ms': RECONNECT_MS_FIRST,
    'grpc.max_reconnect_backoff_ms': RECONNECT_MS_MAX,
    'grpc.enable_channelz': 0,
  });
  const service = Router.service;
  const unary = unaryCaller(client, defaults.deadlineMs);
  const bestWorkerId = unary(service.BestWorkerId, wire.decodeDecision);
  const findBestWorker = unary(service.FindBestWorker, wire.decodeDecision);
  const mark = unary(service.MarkPrefillComplete, ({ marked }) => marked);
  const free = unary(service.Free, ({ released }) => released);
  const loads = unary(service.GetPotentialLoads, wire.decodeLoads);
  const scores = unary(service.GetOverlapScores, wire.decodeScores);
  const explain = unary(service.ExplainPool, decodeExplanation);
  const dump = streamCaller(client, service.DumpEvents, wire.decodeChain);
  const generate = streamCaller(client, service.Generate, wire.decodeGenerateEvent);
  return {
    address,
    bestWorkerId: (request, options) => bestWorkerId(encodeRouted(request), options),
    findBestWorker: (request, options) =>
      findBestWorker(
        {
          requestId: request.requestId,
          ...encodeRouted(request),
          expectedOutputTokens: request.expectedOutputTokens ?? 0,
        },
        options,
      ),
    markPrefillComplete: (requestId, options) => mark({ requestId }, options),
    free: (requestId, options) => free({ requestId }, options),
    getPotentialLoads: (prompt, options) => loads({ prompt: wire.encodePrompt(prompt) }, options),
    getOverlapScores: (prompt, options) => scores({ prompt: wire.encodePrompt(prompt) }, options),
    explainPool: (request, options) => explain(encodeRouted(request), options),
    dumpEvents: (options) => dump({}, options),
    generate: (request, options) =>
      generate(
        {
          requestId: request.requestId ?? '',
          ...encodeRouted(request),
          samplingJson: request.samplingJson,
        },
        options,
      ),
    close: () => client.close(),
  };
}

function encodeRouted(
  request: BestWorkerIdRequest,
): Pick<GenerateRequestInput, 'prompt' | 'overrides' | 'constraints' | 'poolHints'> {
  return {
    prompt: wire.encodePrompt(request.prompt),
    overrides: wire.encodeOverrides(request.overrides),
    constraints: wire.encodeConstraints(request.constraints),
    poolHints: encodePoolHints(request.poolHints),
  };
}

type Method<Input, Output> = Pick<
  MethodDefinition<Input, Output>,
  'path' | 'requestSerialize' | 'responseDeserialize'
>;

/** Calls by method definition rather than through the generated methods: those take their arguments apart again at each call. */
function unaryCaller(client: Client, deadlineMsDefault: number) {
  return <Input, Output, Result>(method: Method<Input, Output>, decode: (output: Output) => Result) =>
    (input: Input, options: CallOptions | undefined): Promise<Result> =>
      new Promise((resolve, reject) => {
        const signal = options?.signal;
        if (signal?.aborted === true) {
          reject(cancelledBefore(signal));
          return;
        }
        const cancel = (): void => call.cancel();
        const call = client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          input,
          { deadline: Date.now() + (options?.deadlineMs ?? deadlineMsDefault) },
          (error, output) => {
            signal?.removeEventListener('abort', cancel);
            if (error !== null) reject(fromGrpcError(error));
            else if (output === undefined)
              reject(rpcError('RPC_INTERNAL', 'The server answered without a message'));
            else settle(() => decode(output), resolve, reject);
          },
        );
        signal?.addEventListener('abort', cancel, { once: true });
      });
}

function settle<Result>(
  produce: () => Result,
  resolve: (result: Result) => void,
  reject: (error: unknown) => void,
): void {
  try {
    resolve(produce());
  } catch (error) {
    reject(error);
  }
}

function streamCaller<Input, Output, Result>(
  client: Client,
  method: Method<Input, Output>,
  decode: (output: Output) => Result,
): (input: Input, options: CallOptions | undefined) => AsyncIterable<Result> {
  return async function* (input, options) {
    const signal = options?.signal;
    if (signal?.aborted === true) throw cancelledBefore(signal);
    const call = client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      input,
      options?.deadlineMs === undefined ? {} : { deadline: Date.now() + options.deadlineMs },
    );
    const cancel = (): void => call.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      // A Readable iterates over unknown values; the deserializer of this call made them.
      for await (const output of call) yield decode(output as Output);
    } catch (error) {
      throw isGrpcError(error) ? fromGrpcError(error) : error;
    } finally {
      signal?.removeEventListener('abort', cancel);
      // Cancelling a finished call does nothing; an unfinished one must not run on for nobody.
      call.cancel();
    }
  };
}

function cancelledBefore(signal: AbortSignal): RpcError {
  return rpcError('RPC_CANCELLED', 'Cancelled before the call was made', signal.reason);
}

function isGrpcError(error: unknown): error is Parameters<typeof fromGrpcError>[0] {
  return error instanceof Error && 'metadata' in error && 'details' in error;
}
