import type { DialectName } from '@kvasir/contract';
import { callEngine, engineFailure } from '@kvasir/engines';
import type { EngineFailure, Handover, HandoverLegs } from '@kvasir/engines';
import { openAiError } from '@kvasir/openai';
import type { OpenAiError } from '@kvasir/openai';
import type { WorkerId } from '@kvasir/units';
import type { Attempts } from '@kvasir/worker-health';
import type { RouterBooking, RouterQuery } from '../router-hop.js';
import { bookingId } from './booking-id.js';
import { legEnd } from './leg-end.js';
import { legError, overloadError } from './leg-error.js';
import { prefillPatienceMs } from './first-byte.js';
import { poolHints } from './pool-hints.js';
import type { ActiveRequest, ServingParts } from './serving-parts.js';

export type PrefillEnd =
  /** Computed; null when the engine had nothing to hand over, so that the decode worker computes the prompt too. */
  | { readonly kind: 'done'; readonly handover: Handover | null }
  /** Nobody could be found or all that were tried failed: the request may run in one leg. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  /** The request itself is at fault, or the pool is full: no other worker is to be troubled with it. */
  | { readonly kind: 'refused'; readonly error: OpenAiError }
  | { readonly kind: 'ended' };

/**
 * Runs the prefill leg: asks the prefill router for a worker, lets it compute the prompt, and frees the booking, on further workers when one fails.
 * Every booking is freed when this returns. Never rejects.
 * @param dialects that a decode worker can fetch by.
 */
export async function runPrefill(
  parts: ServingParts,
  active: ActiveRequest,
  dialects: ReadonlySet<DialectName>,
): Promise<PrefillEnd> {
  const { scope, record, attempts } = active;
  let lastFailure: EngineFailure | null = null;
  record.stage = 'prefill';
  attempts.beginLeg();
  for (;;) {
    if (attempts.failedCount > 0) parts.metrics.retries.inc({ leg: 'prefill' });
    const choice = await parts.prefill.book(
      queryFor(active, parts.prefill.workersOtherThan(dialects)),
      scope,
    );
    if (choice.kind === 'ended') return choice;
    if (choice.kind === 'unavailable') {
      if (choice.code === 'SCHED_QUEUE_FULL')
        return { kind: 'refused', error: openAiError('overloaded', QUEUE_FULL) };
      if (lastFailure === null) parts.metrics.legFailures.inc({ leg: 'prefill', code: 'ROUTER_UNAVAILABLE' });
      return afterFailures(lastFailure, attempts, choice.reason);
    }
    const end = await prefillOn(parts, active, choice.booking);
    if (end.kind !== 'failed') return end;
    const { failure, error } = end;
    const { workerId } = choice.booking.decision;
    tellFailure(parts, active, { workerId, failure });
    const isToGoOn = attempts.failed({ ...failure, workerId, hasBegun: false });
    // It is at fault itself, or has broken as many workers as a request may: decode workers are not troubled with it either.
    if (!attempts.mayGoOn) return { kind: 'refused', error: legError(failure, error, attempts.retryAfterMs) };
    if (!isToGoOn) return afterFailures(failure, attempts, 'Every prefill worker that was tried failed');
    lastFailure = failure;
  }
}

function queryFor(
  { serving, tokens, request, attempts }: ActiveRequest,
  strangers: readonly WorkerId[],
): RouterQuery {
  return {
    bookingId: bookingId(serving.requestId, attempts),
    requestId: serving.requestId,
    patienceMs: prefillPatienceMs(tokens),
    tokens,
    cacheSalt: request.cacheSalt,
    model: request.model,
    excludedWorkerIds: strangers.length === 0 ? attempts.excluded : [...attempts.excluded, ...strangers],
    expectedOutputTokens: 1,
    poolHints: poolHints(request, null),
  };
}

function tellFailure(
  parts: ServingParts,
  { serving }: ActiveRequest,
  { workerId, failure }: { readonly workerId: WorkerId; readonly failure: EngineFailure },
): void {
  parts.metrics.legFailures.inc({ leg: 'prefill', code: failure.code });
  if (failure.outcome === 'clientFault') return;
  parts.logger.warn({ requestId: serving.requestId, workerId, failure }, 'prefill leg failed');
}

const QUEUE_FULL = 'As many requests wait for a prefill worker as may; try again later';

type AttemptEnd =
  | Extract<PrefillEnd, { kind: 'done' | 'ended' }>
  | { readonly kind: 'failed'; readonly failure: EngineFailure; readonly error: OpenAiError | null };

async function prefillOn(
  parts: ServingParts,
  active: ActiveRequest,
  booking: RouterBooking,
): Promise<AttemptEnd> {
  let end: AttemptEnd = { kind: 'ended' };
  try {
    // The client left while the router was asked: nothing has been sent yet, so nothing has to be released.
    if (active.scope.hasEnded()) return end;
    const legs = booking.dialect.handover;
    // Chosen all the same, though it cannot hand over: it would compute for nobody.
    if (legs === null) return { kind: 'done', handover: null };
    end = await askToPrefill(parts, active, { ...booking, legs });
    return end;
  } finally {
    booking.watch.ended(legEnd(end, active.scope));
    booking.free();
  }
}

async function askToPrefill(
  parts: ServingParts,
  { serving, scope, record, attempts }: ActiveRequest,
  { decision, legs, rank, watch }: RouterBooking & { readonly legs: HandoverLegs },
): Promise<AttemptEnd> {
  record.attempts += 1;
  record.prefillWorkerId = decision.workerId;
  record.prefillPool = decision.pool;
  record.overlapBlocks = decision.overlapBlocks;
  record.predictedTokens = decision.cachedTokens;
  const answer = await callEngine(
    parts.engines,
    { url: decision.url, life: parts.prefill.lifeOf(decision.workerId) },
    legs.prefillLeg(serving, rank),
    {
      signal: watch.signal(scope.signal),
      isSuspect: attempts.isSuspect,
    },
  );
  if (answer.kind === 'aborted') return watch.isCut && !scope.hasEnded() ? CUT : { kind: 'ended' };
  if (answer.kind === 'failed') return answer;
  const prefilled = legs.readPrefillAnswer(answer.bytes);
  if (prefilled.kind === 'unreadable') {
    parts.logger.error(
      { workerId: decision.workerId, reason: prefilled.reason },
      'prefill answer unreadable',
    );
    return { kind: 'done', handover: null };
  }
  record.cachedTokens = prefilled.usage?.cachedTokens ?? null;
  record.handedOver = prefilled.kind === 'handover';
  return { kind: 'done', handover: prefilled.kind === 'handover' ? prefilled.handover : null };
}

const CUT: AttemptEnd = {
  kind: 'failed',
  failure: engineFailure('ENGINE_SILENT', 'The worker says nothing any more, and a probe failed'),
  error: null,
};

/** A full pool is not helped by moving its work to the decode workers; a broken one is. */
function afterFailures(failure: EngineFailure | null, attempts: Attempts, reason: string): PrefillEnd {
  if (failure?.outcome === 'overload')
    return { kind: 'refused', error: overloadError(failure, attempts.retryAfterMs) };
  return { kind: 'unavailable', reason };
}
