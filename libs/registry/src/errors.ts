import { KvasirError } from '@kvasir/service';

/** Every code that leaves this package. */
export const registryErrors = {
  REGISTRY_BLOCK_SIZE_MISMATCH: {
    meaning: "The pool's other members have another block size.",
    retryable: false,
  },
  REGISTRY_MODEL_MISMATCH: { meaning: "The pool's workers serve another model.", retryable: false },
  REGISTRY_SUPERSEDED: {
    meaning: 'A newer incarnation is registered under the same id.',
    retryable: false,
  },
  REGISTRY_INVALID_RECORD: { meaning: 'A field of the record is out of its range.', retryable: false },
  REGISTRY_UNSERVABLE_ROLE: {
    meaning:
      'Workers of this dialect cannot be given what the role stands for: it has no plan of how prompts are handed over.',
    retryable: false,
  },
  REGISTRY_FULL: { meaning: 'The endpoint holds as many records as it may.', retryable: true },
  REGISTRY_UNREACHABLE: { meaning: 'The store of the registry does not answer.', retryable: true },
  REGISTRY_UNAUTHORIZED: {
    meaning: 'The store of the registry refuses the given credentials.',
    retryable: false,
  },
  REGISTRY_BAD_CONFIGURATION: {
    meaning: 'A URL, certificate file or workers file cannot be used; the message lists every problem.',
    retryable: false,
  },
  REGISTRY_CLOSED: { meaning: 'The registry has been closed.', retryable: false },
} as const;

export type RegistryErrorCode = keyof typeof registryErrors;
/** Codes of outcomes; the others are thrown. */
export type RefusalCode = Exclude<
  RegistryErrorCode,
  'REGISTRY_CLOSED' | 'REGISTRY_UNREACHABLE' | 'REGISTRY_UNAUTHORIZED' | 'REGISTRY_BAD_CONFIGURATION'
>;

/** Thrown when the registry cannot be used at all. */
export class RegistryError extends KvasirError {
  declare readonly code: RegistryErrorCode;

  constructor(code: RegistryErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: registryErrors[code].retryable, cause });
  }
}

export function closedError(): RegistryError {
  return new RegistryError('REGISTRY_CLOSED', 'Cannot use the registry: it has been closed');
}
