import type {
  PoolHintsOutput,
  PromptOutput,
  RouterOverridesOutput,
  RouterWireHandlers,
  RoutingConstraintsOutput,
} from '@kvasir/contract';
import type { RequestId } from '@kvasir/units';
import { rpcError } from './errors.js';
import { ROUTER_SERVICE, routerConstructor, routerPackage } from './router-definition.js';
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
import { decodePoolHints, encodeExplanation } from './pool-wire.js';
import * as wire from './router-wire.js';
import type { RpcServer } from './rpc-server.js';
import { serveStream, serveUnary } from './serve-call.js';
import type { CallSurroundings, MaybePromise } from './serve-call.js';

/**
 * What a router does with each call, in domain types. A handler that throws an `RpcError` answers with its status and code; anything else it
 * throws is logged and answered INTERNAL. A handler left out answers UNIMPLEMENTED.
 */
export interface RouterHandlers {
  bestWorkerId(request: BestWorkerIdRequest): MaybePromise<RouteDecision>;
  /** @param left makes a signal that aborts when the caller leaves or its deadline passes. @param caller its address without the port. */
  findBestWorker(
    request: FindBestWorkerRequest,
    left: () => AbortSignal,
    caller: string,
  ): MaybePromise<RouteDecision>;
  /** @returns false when no such booking is known. */
  markPrefillComplete(requestId: RequestId): MaybePromise<boolean>;
  /** @returns false when no such booking is known. */
  free(requestId: RequestId): MaybePromise<boolean>;
  getPotentialLoads(prompt: RouterPrompt): MaybePromise<readonly PotentialLoad[]>;
  getOverlapScores(prompt: RouterPrompt): MaybePromise<OverlapScores>;
  explainPool(request: BestWorkerIdRequest): MaybePromise<PoolExplanation>;
  /** The signal aborts when the caller leaves; the iterable is then returned. */
  dumpEvents(signal: AbortSignal): Iterable<DumpedChain> | AsyncIterable<DumpedChain>;
  /** The signal aborts when the caller leaves; the iterable is then returned. */
  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<GenerateEvent>;
}

/** Serves `kvasir.v1.Router` on a server that has not started yet. */
export function addRouterService(server: RpcServer, handlers: Partial<RouterHandlers>): void {
  server.add({
    serviceName: ROUTER_SERVICE,
    packageDefinition: routerPackage(),
    service: routerConstructor().service,
    handlers: (around) => wireHandlers(handlers, around),
  });
}

function wireHandlers(handlers: Partial<RouterHandlers>, around: CallSurroundings): RouterWireHandlers {
  const served = <Method extends keyof RouterHandlers>(method: Method): RouterHandlers[Method] => {
    const handler = handlers[method];
    if (handler !== undefined) return handler.bind(handlers) as RouterHandlers[Method];
    return (() => {
      const name = `${method[0]?.toUpperCase() ?? ''}${method.slice(1)}`;
      throw rpcError('RPC_UNIMPLEMENTED', `${ROUTER_SERVICE}.${name} is not served by this router yet`);
    }) as RouterHandlers[Method];
  };
  const route = served('bestWorkerId');
  const book = served('findBestWorker');
  const mark = served('markPrefillComplete');
  const free = served('free');
  const loads = served('getPotentialLoads');
  const scores = served('getOverlapScores');
  const dump = served('dumpEvents');
  const explain = served('explainPool');
  const generate = served('generate');
  return {
    BestWorkerId: serveUnary(around, (request) => then(route(decodeRouted(request)), wire.encodeDecision)),
    FindBestWorker: serveUnary(
      around,
      ({ requestId, expectedOutputTokens, ...request }, left, caller) =>
        then(
          book(
            {
              requestId: wire.decodeRequestId(requestId),
              ...decodeRouted(request),
              expectedOutputTokens: wire.decodeTokenCount('expected_output_tokens', expectedOutputTokens),
            },
            left,
            caller,
          ),
          wire.encodeDecision,
        ),
      // Nobody knows of the booking who could free it.
      ({ requestId }) => unbook(free, wire.decodeRequestId(requestId), around),
    ),
    ExplainPool: serveUnary(around, (request) => then(explain(decodeRouted(request)), encodeExplanation)),
    MarkPrefillComplete: serveUnary(around, ({ requestId }) =>
      then(mark(wire.decodeRequestId(requestId)), (marked) => ({ marked })),
    ),
    Free: serveUnary(around, ({ requestId }) =>
      then(free(wire.decodeRequestId(requestId)), (released) => ({ released })),
    ),
    GetPotentialLoads: serveUnary(around, ({ prompt }) =>
      then(loads(wire.decodePrompt(prompt)), (found) => ({ loads: [...found] })),
    ),
    GetOverlapScores: serveUnary(around, ({ prompt }) =>
      then(scores(wire.decodePrompt(prompt)), (found) => ({ ...found, scores: [...found.scores] })),
    ),
    DumpEvents: serveStream(around, (_request, signal) => dump(signal), wire.encodeChain),
    Generate: serveStream(
      around,
      ({ requestId, samplingJson, ...request }, signal) =>
        generate(
          {
            requestId: wire.decodeOptionalRequestId(requestId),
            ...decodeRouted(request),
            samplingJson,
          },
          signal,
        ),
      wire.encodeGenerateEvent,
    ),
  };
}

function decodeRouted({
  prompt,
  overrides,
  constraints,
  poolHints,
}: {
  readonly prompt: PromptOutput | null;
  readonly overrides: RouterOverridesOutput | null;
  readonly constraints: RoutingConstraintsOutput | null;
  readonly poolHints: PoolHintsOutput | null;
}): BestWorkerIdRequest {
  return {
    prompt: wire.decodePrompt(prompt),
    overrides: wire.decodeOverrides(overrides),
    constraints: wire.decodeConstraints(constraints),
    poolHints: decodePoolHints(poolHints),
  };
}

/** Applies a function to an answer, at once when it is there already. */
function then<Value, Result>(
  value: MaybePromise<Value>,
  map: (value: Value) => Result,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(map) : map(value);
}

/** Frees what was booked for a caller that has left. */
function unbook(free: RouterHandlers['free'], requestId: RequestId, { logger }: CallSurroundings): void {
  const failed = (error: unknown): void =>
    logger.warn({ requestId, error }, 'booking of a caller that left not freed');
  try {
    const freed = free(requestId);
    if (freed instanceof Promise) freed.catch(failed);
  } catch (error) {
    failed(error);
  }
}
