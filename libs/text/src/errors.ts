import { KvasirError } from '@kvasir/service';

/** Every error this package raises. */
export const textErrors = {
  TEXT_TOKENIZER_MISSING: {
    meaning: 'There is no tokenizer.json in the given folder.',
    retryable: false,
  },
  TEXT_TOKENIZER_INVALID: {
    meaning: 'A tokenizer file cannot be read or understood.',
    retryable: false,
  },
  TEXT_REQUEST_INVALID: {
    meaning: 'The request has what engines refuse before they render it; the engine has the say.',
    retryable: false,
  },
  TEXT_TEMPLATE_REFUSED: {
    meaning:
      'The chat template refuses the messages, or Python raises an error in it; the engine has the say.',
    retryable: false,
  },
  TEXT_TEMPLATE_UNSUPPORTED: {
    meaning: 'The chat template or the request needs what this renderer does not have; the engine has it.',
    retryable: false,
  },
  TEXT_ENCODING_FAILED: { meaning: 'The tokenizer refuses the text.', retryable: false },
  TEXT_QUEUE_FULL: { meaning: 'As many requests wait for a worker as may.', retryable: true },
  TEXT_WORKER_FAILED: {
    meaning: 'The worker thread ended while it had the request, or cannot start.',
    retryable: true,
  },
  TEXT_OVER_LIMIT: { meaning: 'The text has more ids than were asked for at most.', retryable: false },
  TEXT_UNSLICEABLE: {
    meaning: 'The text has a word so long that encoding it would stop everything else.',
    retryable: false,
  },
  TEXT_ABORTED: { meaning: 'Nobody waits for the ids any more.', retryable: true },
  TEXT_NOT_DECODING: { meaning: 'The service was created without decoding.', retryable: false },
  TEXT_CLOSED: { meaning: 'The service has not been started or was closed.', retryable: false },
} as const;

export type TextErrorCode = keyof typeof textErrors;

export class TextError extends KvasirError {
  declare readonly code: TextErrorCode;

  constructor(
    code: TextErrorCode,
    message: string,
    cause?: unknown,
    /** Ids that the prompt begins with, as far as they are known. */
    readonly beginning: Uint32Array = new Uint32Array(0),
  ) {
    super(message, { code, retryable: textErrors[code].retryable, cause });
  }
}
