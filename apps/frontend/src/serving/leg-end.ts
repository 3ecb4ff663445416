import type { EngineFailure } from '@kvasir/engines';
import type { LegEnd } from '@kvasir/worker-health';
import type { RequestScope } from './request-scope.js';

/** What a worker is judged by: how a request ended on it. A null failure is an answer. */
export function legEnd(
  end:
    | { readonly kind: 'failed'; readonly failure: EngineFailure }
    | { readonly kind: 'answered' | 'done' | 'aborted' | 'ended' },
  scope: Pick<RequestScope, 'endCause'>,
): LegEnd {
  switch (end.kind) {
    case 'answered':
    case 'done':
      return { kind: 'succeeded' };
    case 'failed':
      return { kind: 'failed', code: end.failure.code, retryAfterMs: end.failure.retryAfterMs };
    case 'aborted':
    case 'ended':
      return { kind: scope.endCause() === 'deadline' ? 'deadline' : 'givenUp' };
  }
}
