import { dialectOf } from '@kvasir/engines';
import type { EngineFailure, EngineRequest, Handover } from '@kvasir/engines';
import { openAiError } from '@kvasir/openai';
import type { OpenAiError } from '@kvasir/openai';
import type { RouteDecision, RouteRequest } from '@kvasir/router';
import type { WorkerId } from '@kvasir/units';
import type { LegLabel } from '../metrics.js';
import type { WorkerPool } from '../worker-pool.js';
import { runGeneration } from './generation-leg.js';
import type { GenerationEnd } from './generation-leg.js';
import { legError } from './leg-error.js';
import type { ActiveRequest, ServingParts } from './serving-parts.js';

/** A prompt that is fetched from a prefill worker: overlap says nothing and there is no prompt to compute. */
const FETCHED: RouteRequest['overrides'] = {
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
    const routed = pool.router.route({
      requestId: active.serving.requestId,
      tokens: active.tokens,
      cacheSalt: active.request.cacheSalt ?? undefined,
      overrides: handover === null ? undefined : FETCHED,
      constraints: excludedWorkerIds.length === 0 ? undefined : { excludedWorkerIds },
    });
    if (routed.kind === 'rejected') return last ?? noWorker(routed.code, routed.message);
    const { decision } = routed;
    const end = await generateOn(parts, active, pool, { decision, handover });
    if (end.kind === 'answered') return null;
    if (end.kind === 'aborted') return scope.endError();
    last = reportFailure(parts, active, pool, { leg, decision, end });
    if (end.hasBegun || !end.failure.retryable) return last;
    excludedWorkerIds.push(decision.workerId);
    if (end.failure.wasSent) handover = null;
  }
  return last;
}

/** One attempt; the booking is freed however it ends. */
async function generateOn(
  parts: ServingParts,
  active: ActiveRequest,
  pool: WorkerPool,
  { decision, handover }: { readonly decision: RouteDecision; readonly handover: Handover | null },
): Promise<GenerationEnd> {
  const { serving, record, scope } = active;
  const { router } = pool;
  const { requestId } = serving;
  try {
    const leg = buildLeg(active, pool, { decision, handover });
    if (leg === null) return UNSPEAKABLE;
    noteDecision(active, decision);
    const end = await runGeneration({
      engines: parts.engines,
      url: decision.url,
      leg,
      signal: scope.signal,
      cachedTokens: record.mode === 'disaggregated' ? record.cachedTokens : null,
      answer: active.answer,
      headers: routeHeaders(active, decision),
      record,
      metrics: parts.metrics,
      clock: parts.clock,
      onFirstToken: () => router.markPrefillComplete(requestId),
      onOutputTokens: (count) => router.addOutputTokens(requestId, count),
    });
    if (end.kind === 'answered') router.reportSuccess(decision.workerId);
    return end;
  } finally {
    router.free(requestId);
  }
}

function buildLeg(
  { serving, record }: ActiveRequest,
  pool: WorkerPool,
  { decision, handover }: { readonly decision: RouteDecision; readonly handover: Handover | null },
): EngineRequest | null {
  const dialect = dialectOf(decision.dialect);
  if (dialect === null) return null;
  const rank = pool.directory.rankOf(decision.workerId, decision.rank);
  return record.mode === 'disaggregated'
    ? dialect.decodeLeg(serving, handover, rank)
    : dialect.aggregatedLeg(serving, rank);
}

const UNSPEAKABLE: GenerationEnd = {
  kind: 'failed',
  failure: {
    code: 'ENGINE_PROTOCOL',
    outcome: 'neutral',
    retryable: true,
    wasSent: false,
    status: null,
    message: 'The worker speaks a dialect that this version does not',
  },
  error: null,
  hasBegun: false,
};

function noteDecision({ record }: ActiveRequest, decision: RouteDecision): void {
  record.attempts += 1;
  record.decodeWorkerId = decision.workerId;
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
  }
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
  if (failure.outcome === 'workerFault') pool.router.reportFailure(workerId);
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
  return code === 'SCHED_BOOKINGS_FULL'
    ? openAiError('overloaded', 'As many requests are booked as may be; try again later')
    : openAiError('no_workers', `No worker can take the request now: ${message}`);
}
