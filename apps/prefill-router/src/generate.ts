import { BodyCollector, readAnswer } from '@kvasir/engines';
import type {
  BodyReceiver,
  EngineClient,
  EngineFailure,
  EngineHead,
  ExchangeEnd,
  Flow,
} from '@kvasir/engines';
import { requestPaths } from '@kvasir/openai';
import type { KvRouter } from '@kvasir/router';
import { rpcError, RpcError } from '@kvasir/rpc';
import type { GenerateEvent, GenerateRequest, GrpcStatus, RouteDecision } from '@kvasir/rpc';
import type { Logger } from '@kvasir/service';
import type { RequestId, WorkerId } from '@kvasir/units';
import { EventQueue } from './event-queue.js';
import { routeOrThrow, routeRequest } from './route.js';
import { SseEvents } from './sse-events.js';

/** Workers that one request may be tried on before anything of an answer has come. */
const ATTEMPTS_MAX = 3;

interface Parts {
  readonly router: KvRouter;
  readonly engines: EngineClient;
  readonly logger: Logger;
  readonly newRequestId: () => RequestId;
}

/**
 * Routes a request, books it, sends it to the engine as a streamed completion of token ids and passes each event's JSON on as it comes. The booking
 * ends with the stream, however that ends. A worker that fails before its first event is set aside and another one is tried.
 */
export async function* generate(
  parts: Parts,
  request: GenerateRequest,
  signal: AbortSignal,
): AsyncIterableIterator<GenerateEvent> {
  const requestId = request.requestId ?? parts.newRequestId();
  const body = engineBody(parts.router, request);
  const failed: WorkerId[] = [...(request.constraints?.excludedWorkerIds ?? [])];
  for (let attempt = 1; ; attempt += 1) {
    const constraints = { ...request.constraints, excludedWorkerIds: failed };
    const decision = routeOrThrow(parts.router, routeRequest({ ...request, constraints }, requestId));
    const exchange = { parts, decision, requestId, body, hasEvents: false };
    try {
      yield* relay(exchange, signal);
      return;
    } catch (error) {
      const isFault = error instanceof EngineFault;
      if (isFault && error.failure.outcome === 'workerFault') parts.router.reportFailure(decision.workerId);
      if (!isFault || exchange.hasEvents || !error.failure.retryable || attempt === ATTEMPTS_MAX)
        throw toRpcError(error);
      failed.push(decision.workerId);
      parts.logger.warn(
        { requestId, workerId: decision.workerId, code: error.failure.code },
        'trying another worker',
      );
    } finally {
      parts.router.free(requestId);
    }
  }
}

/** An engine's failure on its way to whoever decides about another attempt. */
class EngineFault extends Error {
  readonly failure: EngineFailure;

  constructor(failure: EngineFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

interface Exchanging {
  readonly parts: Parts;
  readonly decision: RouteDecision;
  readonly requestId: RequestId;
  readonly body: Buffer;
  /** Something of the answer has been passed on. */
  hasEvents: boolean;
}

async function* relay(exchange: Exchanging, signal: AbortSignal): AsyncIterableIterator<GenerateEvent> {
  const { parts, decision, requestId, body } = exchange;
  const queue = new EventQueue();
  const refusal = new BodyCollector(parts.engines.limits.answerBytesMax);
  const stop = new AbortController();
  const respond = (head: EngineHead, flow: Flow): BodyReceiver =>
    head.status === 200
      ? new SseEvents((json) => queue.push(json, () => flow.resume()) || flow.pause())
      : refusal;
  const request = {
    path: requestPaths.completion,
    headers: ['content-type', 'application/json', 'x-request-id', requestId],
    body,
  };
  const ended = parts.engines
    .send(decision.url, request, { signal: AbortSignal.any([signal, stop.signal]), respond })
    .finally(() => queue.end());
  try {
    for await (const json of queue.read()) {
      if (!exchange.hasEvents) {
        exchange.hasEvents = true;
        parts.router.markPrefillComplete(requestId);
        yield { kind: 'routed', decision };
      }
      yield { kind: 'chunk', json };
    }
    throwUnlessCompleted(await ended, refusal);
  } finally {
    // Also when the reader leaves in the middle: the engine then sees its connection close.
    stop.abort();
  }
}

function throwUnlessCompleted(end: ExchangeEnd, refusal: BodyCollector): void {
  if (end.kind === 'aborted') throw rpcError('RPC_CANCELLED', 'The caller cancelled the call');
  if (end.kind === 'failed') throw new EngineFault(end.failure, end.failure.message);
  if (end.head.status === 200) return;
  const answer = readAnswer(end.head, refusal.bytes());
  if (answer.kind === 'failed')
    throw new EngineFault(answer.failure, answer.error?.message ?? answer.failure.message);
}

const STATUS_OF_OUTCOME: Readonly<Record<EngineFailure['outcome'], GrpcStatus>> = {
  workerFault: 'UNAVAILABLE',
  overload: 'RESOURCE_EXHAUSTED',
  clientFault: 'INVALID_ARGUMENT',
  neutral: 'INTERNAL',
};

function toRpcError(error: unknown): unknown {
  if (!(error instanceof EngineFault)) return error;
  const { code, outcome } = error.failure;
  return new RpcError(error.message, { code, grpcStatus: STATUS_OF_OUTCOME[outcome], cause: error });
}

/** The client's sampling fields with the prompt as token ids; what a router decides wins over what the client sent. */
function engineBody(router: KvRouter, request: GenerateRequest): Buffer {
  const { prompt, samplingJson } = request;
  const sampling = samplingFields(samplingJson);
  const model = prompt.model ?? router.workers()[0]?.model;
  return Buffer.from(
    JSON.stringify({
      ...sampling,
      model,
      prompt: [...prompt.tokens],
      stream: true,
      cache_salt: prompt.cacheSalt,
    }),
  );
}

function samplingFields(json: Uint8Array): Record<string, unknown> {
  if (json.length === 0) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (error) {
    throw rpcError('RPC_INVALID_FIELD', 'sampling_json must be a JSON object in UTF-8', error);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw rpcError('RPC_INVALID_FIELD', 'sampling_json must be a JSON object');
  }
  return parsed as Record<string, unknown>;
}
