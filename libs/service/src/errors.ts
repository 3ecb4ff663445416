import { KvasirError } from './kvasir-error.js';

/** Every error this package raises. */
export const serviceErrors = {
  SERVICE_PORT_TAKEN: { meaning: 'Another process listens on the wanted address.', retryable: true },
  SERVICE_LISTEN_DENIED: { meaning: 'This user may not listen on the wanted port.', retryable: false },
  SERVICE_ADDRESS_UNKNOWN: {
    meaning: 'The wanted host is not an address of this machine.',
    retryable: false,
  },
  SERVICE_LISTEN_FAILED: { meaning: 'Listening failed for another reason; see the cause.', retryable: true },
  SERVICE_NOT_READY: {
    meaning: 'What was started did not become ready in time; the message says what is missing.',
    retryable: true,
  },
  SERVICE_BAD_CONFIGURATION: {
    meaning: 'The configuration contradicts itself or what was found.',
    retryable: false,
  },
} as const;

export type ServiceErrorCode = keyof typeof serviceErrors;

/** Trouble with the process's surroundings: a taken port, a configuration that cannot work. */
export class ServiceError extends KvasirError {
  declare readonly code: ServiceErrorCode;

  constructor(code: ServiceErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: serviceErrors[code].retryable, cause });
  }
}
