import type { EngineFailure } from '@kvasir/engines';
import { openAiError } from '@kvasir/openai';
import type { OpenAiError } from '@kvasir/openai';

/** What the client is told of a leg that failed for good. @param said by the engine, if anything. */
export function legError(failure: EngineFailure, said: OpenAiError | null): OpenAiError {
  switch (failure.outcome) {
    case 'clientFault':
      return said ?? openAiError('engine_refused', failure.message);
    case 'overload':
      return openAiError('engine_overloaded', 'Every worker that was tried is overloaded; try again later');
    case 'workerFault':
      return openAiError('worker_failed', `The worker failed: ${said?.message ?? failure.message}`);
    case 'neutral':
      return failure.retryable
        ? openAiError('worker_failed', failure.message)
        : openAiError('internal_error', failure.message);
  }
}
