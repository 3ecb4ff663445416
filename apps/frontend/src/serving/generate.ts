import { dialectOf, engineFailure } from '@kvasir/engines';
import type { EngineFailure, EngineRequest, Handover } from '@kvasir/engines';
import { openAiError } from '@kvasir/openai';
import type { OpenAiError } from '@kvasir/openai';
import type { RouteDecision, RouterOverrides } from '@kvasir/rpc';
import { requestId } from '@kvasir/units';
import type { WorkerId } from '@kvasir/units';
import type { LegLabel } from '../metrics.js';
import type { RouterQuery } from '../router-hop.js';
import type { GenerationBooking, WorkerPool } from '../worker-pool.js';
import { runGeneration } from './generation-leg.js';
import type { GenerationEnd } from './generation-leg.js';
import { legError } from './leg-error.js';
import { poolHints } from './pool-hints.js';
import type { ActiveRequest, ServingParts } from './serving-parts.js';

/** A prompt that is fetched from a prefill worker: overlap says nothing and there is no prompt to compute. */
const FETCHED: RouterOverrides = {
  overlapScoreCredit: 0,
  trackPrefillTokens: false,
  assumeKvReuse: false,
};

/**
 * Generates the answer: chooses a worker of the pool, sends the leg, relays, and frees the booking; on further workers while nothing has
 * reached the client. A hand-over can be fetched once: after a worker that may have seen it the prompt is computed again.
 * @returns what is left to be told to the client; null when it has its answer.
 */
export async function generate(
  parts: ServingParts,
  active: ActiveRequest,
  pool: WorkerPool,
  prefilled: Handover | null,
): Promise<OpenAiError | null> {
  const { scope, record } = active;
  const isPrefilled = record.mode === 'disaggregated';
  const leg: LegLabel = isPrefilled ? 'decode' : 'aggregated';
  const excludedWorkerIds: WorkerId[] = [];
  let handover = prefilled;
  let last: OpenAiError | null = null;
  record.stage = 'generation';
  for (let attempt = 0; attempt < parts.config.limits.legAttemptsMax; attempt += 1) {
    if (scope.hasEnded()) return scope.endError();
    if (attempt > 0) parts.metrics.retries.inc({ leg });
    const pending = pool.book(queryFor(active, { attempt, handover, excludedWorkerIds }), scope);
    const choice = pending instanceof Promise ? await pending : pending;
    if (choice.kind === 'ended') return scope.endError();
    if (choice.kind === 'rejected') return last ?? noWorker(choice.code, choice.message);
    const { decision } = choice.booking;
    const end = await generateOn(parts, active, pool, { booking: choice.booking, handover });
    if (end.kind === 'answered') return null;
    if (end.kind === 'aborted') return scope.endError();
    last = reportFailure(parts, active, pool, { leg, decision, end });
    if (end.hasBegun || !end.failure.retryable) return last;
    excludedWorkerIds.push(decision.workerId);
    if (end.failure.wasSent) handover = null;
  }
  return last;
}

function queryFor(
  { serving, tokens, request, record }: ActiveRequest,
  tried: {
    readonly attempt: number;
    readonly handover: Handover | null;
    readonly excludedWorkerIds: readonly WorkerId[];
  },
): RouterQuery {
  const { attempt, handover, excludedWorkerIds } = tried;
  return {
    // A booking elsewhere that is being freed keeps its id busy for a moment.
    bookingId: attempt === 0 ? serving.requestId : requestId(`${serving.requestId}.${attempt}`),
    tokens,
    cacheSalt: request.cacheSalt,
    model: request.model,
    excludedWorkerIds,
    overrides: handover === null ? undefined : FETCHED,
    expectedOutputTokens: request.outputTokensMax ?? undefined,
    poolHints: poolHints(request, record.prefillPool),
  };
}

/** One attempt; the booking is freed however it ends. */
async function generateOn(
  parts: ServingParts,
  active: ActiveRequest,
  pool: WorkerPool,
  { booking, handover }: { readonly booking: GenerationBooking; readonly handover: Handover | null },
): Promise<GenerationEnd> {
  const { record, scope } = active;
  const { decision } = booking;
  try {
    const leg = buildLeg(active, booking, handover);
    if (leg === null) return UNSPEAKABLE;
    noteDecision(active, decision);
    const end = await runGeneration({
      engines: parts.engines,
      url: decision.url,
      life: pool.directory.lifeOf(decision.workerId),
      shape: active.request.isStream ? 'stream' : 'whole',
      leg,
      signal: scope.signal,
      cachedTokens: record.mode === 'disaggregated' ? record.cachedTokens : null,
      answer: active.answer,
      headers: routeHeaders(active, decision),
      record,
      metrics: parts.metrics,
      clock: parts.clock,
      onFirstToken: () => booking.firstToken(),
      onOutputTokens: (count) => booking.outputTokens(count),
    });
    if (end.kind === 'answered') booking.succeeded();
    return end;
  } finally {
    booking.free();
  }
}

function buildLeg(
  { serving, record }: ActiveRequest,
  { decision, rank }: GenerationBooking,
  handover: Handover | null,
): EngineRequest | null {
  const dialect = dialectOf(decision.dialect);
  if (dialect === null) return null;
  return record.mode === 'disaggregated'
    ? dialect.decodeLeg(serving, handover, rank)
    : dialect.aggregatedLeg(serving, rank);
}

const UNSPEAKABLE: GenerationEnd = {
  kind: 'failed',
  failure: engineFailure('ENGINE_UNKNOWN_DIALECT', 'The worker speaks a dialect that this version does not', {
    wasSent: false,
  }),
  error: null,
  hasBegun: false,
};

function noteDecision({ record }: ActiveRequest, decision: RouteDecision): void {
  record.attempts += 1;
  record.decodeWorkerId = decision.workerId;
  record.decodePool = decision.pool;
  if (record.mode === 'disaggregated') return;
  record.overlapBlocks = decision.overlapBlocks;
  record.predictedTokens = decision.cachedTokens;
}

function routeHeaders({ record }: ActiveRequest, decision: RouteDecision): readonly string[] {
  const headers = [
    'x-kvasir-decode-worker',
    decision.workerId,
    'x-kvasir-overlap-blocks',
    String(record.overlapBlocks ?? 0),
  ];
  if (record.prefillWorkerId !== null && record.mode === 'disaggregated') {
    headers.push('x-kvasir-prefill-worker', record.prefillWorkerId);
    if (record.prefillPool !== null) headers.push('x-kvasir-prefill-pool', record.prefillPool);
  }
  if (decision.pool !== null) headers.push('x-kvasir-decode-pool', decision.pool);
  return headers;
}

function reportFailure(
  parts: ServingParts,
  { serving, record }: ActiveRequest,
  pool: WorkerPool,
  failed: {
    readonly leg: LegLabel;
    readonly decision: RouteDecision;
    readonly end: { readonly failure: EngineFailure; readonly error: OpenAiError | null };
  },
): OpenAiError {
  const { failure, error } = failed.end;
  const { workerId } = failed.decision;
  parts.metrics.legFailures.inc({ leg: failed.leg, code: failure.code });
  if (failure.outcome === 'workerFault') pool.reportFailure(workerId);
  if (failure.outcome !== 'clientFault') {
    const { attempts } = record;
    parts.logger.warn(
      { requestId: serving.requestId, workerId, leg: failed.leg, attempts, failure },
      'leg failed',
    );
  }
  return legError(failure, error);
}

function noWorker(code: string, message: string): OpenAiError {
  return code === 'SCHED_BOOKINGS_FULL' || code === 'SCHED_CALLER_FULL' || code === 'SCHED_QUEUE_FULL'
    ? openAiError('overloaded', 'As many requests are booked or wait as may; try again later')
    : openAiError('no_workers', `No worker can take the request now: ${message}`);
}
