import { dialectOf, engineFailure } from '@kvasir/engines';
import type { EngineFailure, EngineRequest, Handover } from '@kvasir/engines';
import { openAiError } from '@kvasir/openai';
import type { OpenAiError } from '@kvasir/openai';
import type { RouteDecision, RouterOverrides } from '@kvasir/rpc';
import type { WorkerId } from '@kvasir/units';
import type { LegLabel } from '../metrics.js';
import type { RouterQuery } from '../router-hop.js';
import type { GenerationBooking, WorkerPool } from '../worker-pool.js';
import { runGeneration } from './generation-leg.js';
import type { GenerationEnd } from './generation-leg.js';
import { bookingId } from './booking-id.js';
import { legEnd } from './leg-end.js';
import { legError } from './leg-error.js';
import { generationPatienceMs } from './first-byte.js';
import { poolHints } from './pool-hints.js';
import type { ActiveRequest, ServingParts } from './serving-parts.js';

const NOBODY: readonly WorkerId[] = [];

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
  const { scope, record, attempts } = active;
  const leg: LegLabel = record.mode === 'disaggregated' ? 'decode' : 'aggregated';
  let handover = prefilled;
  let last: OpenAiError | null = null;
  record.stage = 'generation';
  attempts.beginLeg();
  for (;;) {
    if (scope.hasEnded()) return scope.endError();
    if (attempts.failedCount > 0) parts.metrics.retries.inc({ leg });
    const strangers = strangersTo(handover, pool);
    const pending = pool.book(queryFor(active, handover, strangers), scope);
    const choice = pending instanceof Promise ? await pending : pending;
    if (choice.kind === 'ended') return scope.endError();
    if (choice.kind === 'rejected') {
      if (strangers.length === 0) return last ?? noWorker(choice.code, choice.message);
      // Nobody who could fetch it is left: whoever is there computes the prompt again.
      handover = null;
      continue;
    }
    const { booking } = choice;
    const { workerId } = booking.decision;
    const end = await generateOn(parts, active, pool, { booking, handover });
    if (end.kind === 'answered') return null;
    if (end.kind === 'aborted') return scope.endError();
    const { failure, hasBegun } = end;
    tellFailure(parts, active, { leg, workerId, failure });
    const isToGoOn = attempts.failed({ ...failure, workerId, hasBegun });
    last = legError(failure, end.error, attempts.retryAfterMs);
    if (!isToGoOn) return last;
    if (failure.wasSent) handover = null;
  }
}

/** Workers that cannot fetch it. */
function strangersTo(handover: Handover | null, { directory }: WorkerPool): readonly WorkerId[] {
  return handover === null ? NOBODY : directory.workersOtherThan(new Set([handover.dialect]));
}

function queryFor(
  { serving, tokens, request, record, attempts }: ActiveRequest,
  handover: Handover | null,
  strangers: readonly WorkerId[],
): RouterQuery {
  return {
    bookingId: bookingId(serving.requestId, attempts),
    requestId: serving.requestId,
    patienceMs: generationPatienceMs(tokens, request),
    tokens,
    cacheSalt: request.cacheSalt,
    model: request.model,
    excludedWorkerIds: strangers.length === 0 ? attempts.excluded : [...attempts.excluded, ...strangers],
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
  const { record, scope, attempts } = active;
  const { decision, watch } = booking;
  let end: GenerationEnd = { kind: 'aborted' };
  try {
    const leg = buildLeg(active, booking, handover);
    noteDecision(active, decision);
    end = await runGeneration({
      engines: parts.engines,
      url: decision.url,
      life: pool.directory.lifeOf(decision.workerId),
      shape: active.request.isStream ? 'stream' : 'whole',
      leg,
      signal: watch.signal(scope.signal),
      isSuspect: attempts.isSuspect,
      cachedTokens: record.mode === 'disaggregated' ? record.cachedTokens : null,
      hidesUsage: active.serving.asksForUsage,
      answer: active.answer,
      headers: routeHeaders(active, decision),
      record,
      metrics: parts.metrics,
      clock: parts.clock,
      onBytes: () => watch.heard(),
      onFirstToken: () => booking.firstToken(),
      onOutputTokens: (count) => booking.outputTokens(count),
    });
    if (end.kind === 'aborted' && watch.isCut && !scope.hasEnded()) end = CUT;
    return end;
  } finally {
    watch.ended(legEnd(end, scope));
    booking.free();
  }
}

/** A worker that cannot fetch what was handed over computes the prompt itself. */
function buildLeg(
  { serving }: ActiveRequest,
  { decision, rank }: GenerationBooking,
  handover: Handover | null,
): EngineRequest {
  const dialect = dialectOf(decision.dialect);
  return handover === null || handover.dialect !== dialect.name || dialect.handover === null
    ? dialect.aggregatedLeg(serving, rank)
    : dialect.handover.decodeLeg(serving, handover, rank);
}

const CUT: GenerationEnd = {
  kind: 'failed',
  failure: engineFailure('ENGINE_SILENT', 'The worker says nothing any more, and a probe failed'),
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

function tellFailure(
  parts: ServingParts,
  { serving, record }: ActiveRequest,
  failed: { readonly leg: LegLabel; readonly workerId: WorkerId; readonly failure: EngineFailure },
): void {
  const { leg, workerId, failure } = failed;
  parts.metrics.legFailures.inc({ leg, code: failure.code });
  if (failure.outcome === 'clientFault') return;
  const { attempts } = record;
  parts.logger.warn({ requestId: serving.requestId, workerId, leg, attempts, failure }, 'leg failed');
}

function noWorker(code: string, message: string): OpenAiError {
  return code === 'SCHED_BOOKINGS_FULL' || code === 'SCHED_CALLER_FULL' || code === 'SCHED_QUEUE_FULL'
    ? openAiError('overloaded', 'As many requests are booked or wait as may; try again later')
    : openAiError('no_workers', `No worker can take the request now: ${message}`);
}
