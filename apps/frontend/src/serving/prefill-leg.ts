import { callEngine } from '@kvasir/engines';
import type { EngineFailure, Handover } from '@kvasir/engines';
import { openAiError } from '@kvasir/openai';
import type { OpenAiError } from '@kvasir/openai';
import { requestId } from '@kvasir/units';
import type { WorkerId } from '@kvasir/units';
import type { RouterBooking } from '../router-hop.js';
import { legError } from './leg-error.js';
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
 */
export async function runPrefill(parts: ServingParts, active: ActiveRequest): Promise<PrefillEnd> {
  const { scope, record, request, serving } = active;
  const excludedWorkerIds: WorkerId[] = [];
  let lastFailure: EngineFailure | null = null;
  record.stage = 'prefill';
  for (let attempt = 0; attempt < parts.config.limits.legAttemptsMax; attempt += 1) {
    if (attempt > 0) parts.metrics.retries.inc({ leg: 'prefill' });
    const choice = await parts.prefill.book(
      {
        // A booking that is being freed keeps its id busy for a moment.
        bookingId: attempt === 0 ? serving.requestId : requestId(`${serving.requestId}.${attempt}`),
        tokens: active.tokens,
        cacheSalt: request.cacheSalt,
        model: request.model,
        excludedWorkerIds,
        expectedOutputTokens: 1,
        poolHints: poolHints(request, null),
      },
      scope,
    );
    if (choice.kind === 'ended') return choice;
    if (choice.kind === 'unavailable') {
      if (choice.code === 'SCHED_QUEUE_FULL')
        return { kind: 'refused', error: openAiError('overloaded', QUEUE_FULL) };
      if (lastFailure === null) parts.metrics.legFailures.inc({ leg: 'prefill', code: 'ROUTER_UNAVAILABLE' });
      return afterFailures(lastFailure, choice.reason);
    }
    const end = await prefillOn(parts, active, choice.booking);
    if (end.kind !== 'failed') return end;
    const { failure, error } = end;
    const { workerId } = choice.booking.decision;
    parts.metrics.legFailures.inc({ leg: 'prefill', code: failure.code });
    parts.logger.warn({ requestId: serving.requestId, workerId, failure }, 'prefill leg failed');
    if (failure.outcome === 'workerFault') parts.prefill.reportFailure(workerId);
    if (!failure.retryable) return { kind: 'refused', error: legError(failure, error) };
    excludedWorkerIds.push(workerId);
    lastFailure = failure;
  }
  return afterFailures(lastFailure, 'Every prefill worker that was tried failed');
}

const QUEUE_FULL = 'As many requests wait for a prefill worker as may; try again later';

type AttemptEnd =
  | Extract<PrefillEnd, { kind: 'done' | 'ended' }>
  | { readonly kind: 'failed'; readonly failure: EngineFailure; readonly error: OpenAiError | null };

async function prefillOn(
  parts: ServingParts,
  { serving, scope, record }: ActiveRequest,
  { decision, dialect, rank, free }: RouterBooking,
): Promise<AttemptEnd> {
  try {
    // The client left while the router was asked: nothing has been sent yet, so nothing has to be released.
    if (scope.hasEnded()) return { kind: 'ended' };
    record.attempts += 1;
    record.prefillWorkerId = decision.workerId;
    record.prefillPool = decision.pool;
    record.overlapBlocks = decision.overlapBlocks;
    record.predictedTokens = decision.cachedTokens;
    const answer = await callEngine(
      parts.engines,
      { url: decision.url, life: parts.prefill.lifeOf(decision.workerId) },
      dialect.prefillLeg(serving, rank),
      scope.signal,
    );
    if (answer.kind === 'aborted') return { kind: 'ended' };
    if (answer.kind === 'failed') return answer;
    const prefilled = dialect.readPrefillAnswer(answer.bytes);
    if (prefilled.kind === 'unreadable') {
      parts.logger.error(
        { workerId: decision.workerId, reason: prefilled.reason },
        'prefill answer unreadable',
      );
      return { kind: 'done', handover: null };
    }
    record.cachedTokens = prefilled.usage?.cachedTokens ?? null;
    return { kind: 'done', handover: prefilled.kind === 'handover' ? prefilled.handover : null };
  } finally {
    free();
  }
}

/** A full pool is not helped by moving its work to the decode workers; a broken one is. */
function afterFailures(failure: EngineFailure | null, reason: string): PrefillEnd {
  if (failure?.outcome === 'overload') {
    return {
      kind: 'refused',
      error: openAiError(
        'engine_overloaded',
        'Every prefill worker that was tried is overloaded; try again later',
      ),
    };
  }
  return { kind: 'unavailable', reason };
}
