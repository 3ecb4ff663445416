import { BodyCollector, engineFailure, readAnswer } from '@kvasir/engines';
import type { EngineFailure, ExchangeEnd } from '@kvasir/engines';
import type { LegWatch } from '@kvasir/router';
import { rpcError } from '@kvasir/rpc';
import type { GenerateEvent, RouteDecision, RouterPrompt } from '@kvasir/rpc';
import type { RequestId } from '@kvasir/units';
import { BookingProgress } from './booking-progress.js';
import { EngineEvents } from './engine-events.js';
import { engineRequest } from './engine-request.js';
import type { SamplingFields } from './engine-request.js';
import { EventQueue } from './event-queue.js';
import type { ServingParts } from './parts.js';

/** An engine's failure on its way to whoever decides about another attempt. */
export class EngineFault extends Error {
  readonly failure: EngineFailure;

  constructor(failure: EngineFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** One request on its way to one worker. */
export interface Relaying {
  readonly parts: ServingParts;
  readonly requestId: RequestId;
  readonly prompt: RouterPrompt;
  readonly sampling: SamplingFields;
  readonly decision: RouteDecision;
  readonly signal: AbortSignal;
  readonly watch: LegWatch;
  /** The request has broken a connection before. */
  readonly isSuspect: boolean;
  /** `hasEvents` is set once something of the answer was passed on. */
  readonly progress: { hasEvents: boolean };
}

/**
 * Sends a booked request to its worker and yields where it went, then each event, as they come; says the router what became of the prompt.
 * `routed` comes with the first event: until then the request may still go elsewhere.
 * @throws EngineFault, or RpcError for what is not the engine's doing.
 */
export async function* relayEvents(relaying: Relaying): AsyncIterableIterator<GenerateEvent> {
  const { parts, decision, requestId, signal, progress, watch, isSuspect } = relaying;
  const worker = parts.router.worker(decision.workerId);
  if (worker === null)
    throw new TypeError(`Cannot send to ${decision.workerId}: it was chosen but is not known`);
  const request = engineRequest({ ...relaying, worker, rank: decision.rank });
  const queue = new EventQueue();
  const refusal = new BodyCollector(parts.engines.limits.answerBytesMax);
  const stream: { events: EngineEvents | null } = { events: null };
  const stop = new AbortController();
  const ended = parts.engines
    .send(decision.url, request, {
      signal: AbortSignal.any([watch.signal(signal), stop.signal]),
      life: parts.lifeOf(decision.workerId),
      shape: 'stream',
      isSuspect,
      respond: (head, flow) =>
        head.status === 200 ? (stream.events = new EngineEvents(queue, flow)) : refusal,
    })
    .finally(() => queue.end());
  const booking = new BookingProgress(parts, requestId, decision.blockSize);
  try {
    for await (const json of queue.read()) {
      watch.heard();
      if (stream.events !== null) booking.advance(stream.events);
      if (!progress.hasEvents) yield { kind: 'routed', decision };
      progress.hasEvents = true;
      yield { kind: 'chunk', json };
    }
    const end = await ended;
    if (end.kind === 'aborted' && watch.isCut && !signal.aborted) throw cutFault();
    throwUnlessWhole(end, stream.events, refusal);
  } finally {
    // Also when the reader leaves in the middle: the engine then sees its connection close.
    stop.abort();
  }
}

function cutFault(): EngineFault {
  const failure = engineFailure('ENGINE_SILENT', 'The worker says nothing any more, and a probe failed');
  return new EngineFault(failure, failure.message);
}

function throwUnlessWhole(end: ExchangeEnd, events: EngineEvents | null, refusal: BodyCollector): void {
  if (end.kind === 'aborted') throw rpcError('RPC_CANCELLED', 'The caller cancelled the call');
  if (end.kind === 'failed') throw new EngineFault(end.failure, end.failure.message);
  const streamed = events?.failure() ?? null;
  if (streamed !== null) throw new EngineFault(streamed.failure, streamed.message);
  if (events !== null) return;
  const answer = readAnswer(end.head, refusal.bytes());
  if (answer.kind === 'failed')
    throw new EngineFault(answer.failure, answer.error?.message ?? answer.failure.message);
}
