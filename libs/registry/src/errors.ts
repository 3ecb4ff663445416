/** Every code that leaves this package. Codes are stable; messages are for people. */
export const REGISTRY_ERRORS = {
  REGISTRY_BLOCK_SIZE_MISMATCH: {
    isRetryable: false,
    summary: "the pool's other members have another block size",
  },
  REGISTRY_MODEL_MISMATCH: { isRetryable: false, summary: "the pool's workers serve another model" },
  REGISTRY_SUPERSEDED: {
    isRetryable: false,
    summary: 'a newer incarnation is registered under the same id',
  },
  REGISTRY_INVALID_RECORD: { isRetryable: false, summary: 'a field of the record is out of its range' },
  REGISTRY_FULL: { isRetryable: true, summary: 'the endpoint holds as many records as it may' },
  REGISTRY_CLOSED: { isRetryable: false, summary: 'the registry has been closed' },
} as const;

export type RegistryErrorCode = keyof typeof REGISTRY_ERRORS;
/** Codes of outcomes; the others are thrown. */
export type RefusalCode = Exclude<RegistryErrorCode, 'REGISTRY_CLOSED'>;

/** Thrown when the registry cannot be used at all. */
export class RegistryError extends Error {
  readonly isRetryable: boolean;

  constructor(
    readonly code: RegistryErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'RegistryError';
    this.isRetryable = REGISTRY_ERRORS[code].isRetryable;
  }
}
