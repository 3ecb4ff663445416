import { openAiError } from '@kvasir/openai';
import type { OpenAiError } from '@kvasir/openai';

const NAME_CHARS_TOLD = 200;

/** What a client is told of a model that nobody serves. */
export function modelNotFound(model: string): OpenAiError {
  return openAiError(
    'model_not_found',
    `The model '${model.slice(0, NAME_CHARS_TOLD)}' does not exist`,
    'model',
  );
}
