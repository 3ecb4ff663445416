import { KvasirError } from '@kvasir/service';

/** Every code that leaves this package; all but the last are refusals, which are outcomes and not thrown. */
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
  REGISTRY_FULL: { meaning: 'The endpoint holds as many records as it may.', retryable: true },
  REGISTRY_CLOSED: { meaning: 'The registry has been closed.', retryable: false },
} as const;

export type RegistryErrorCode = keyof typeof registryErrors;
/** Codes of outcomes; the others are thrown. */
export type RefusalCode = Exclude<RegistryErrorCode, 'REGISTRY_CLOSED'>;

/** Thrown when the registry cannot be used at all. */
export class RegistryError extends KvasirError {
  declare readonly code: RegistryErrorCode;

  constructor(code: RegistryErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: registryErrors[code].retryable, cause });
  }
}
