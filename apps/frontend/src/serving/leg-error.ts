import type { EngineFailure } from '@kvasir/engines';
import { openAiError } from '@kvasir/openai';
import type { OpenAiError } from '@kvasir/openai';

/**
 * What the client is told of a leg that failed for good. @param said by the engine, if anything.
 * @param retryAfterMs the longest that an engine asked to wait which was tried for this request.
 */
export function legError(
  failure: EngineFailure,
  said: OpenAiError | null,
  retryAfterMs: number | null = null,
): OpenAiError {
  switch (failure.outcome) {
    case 'clientFault':
      return said ?? openAiError('engine_refused', failure.message);
    case 'overload':
      return overloadError(failure, retryAfterMs);
    case 'workerFault':
      return openAiError('worker_failed', `The worker failed: ${said?.message ?? failure.message}`);
    case 'neutral':
      return failure.retryable
        ? openAiError('worker_failed', failure.message)
        : openAiError('internal_error', failure.message);
  }
}

/** Under the engine's own status when that is 503, and with its `Retry-After`. */
export function overloadError({ status }: EngineFailure, retryAfterMs: number | null): OpenAiError {
  const error = openAiError(
    'engine_overloaded',
    'Every worker that was tried is overloaded; try again later',
  );
  const own = status === 503 ? { ...error, status, type: 'server_error' } : error;
  return retryAfterMs === null ? own : { ...own, retryAfterS: Math.ceil(retryAfterMs / 1000) };
}
