import { KvasirError } from '@kvasir/service';

/** Every error this package raises. */
export const eventPlaneErrors = {
  EVENT_PLANE_NO_SERVER: { meaning: 'Nobody serves the subject.', retryable: true },
  EVENT_PLANE_TIMEOUT: { meaning: 'The next chunk of an answer took too long.', retryable: true },
  EVENT_PLANE_SERVER_FAILED: {
    meaning: 'The server of the subject failed while it answered; see the cause.',
    retryable: true,
  },
  EVENT_PLANE_CANCELLED: { meaning: 'The asker no longer wants the answer.', retryable: false },
  EVENT_PLANE_UNREACHABLE: { meaning: 'No server of the plane could be reached at start.', retryable: true },
  EVENT_PLANE_UNAUTHORIZED: {
    meaning: 'The server of the plane refuses the given credentials.',
    retryable: false,
  },
  EVENT_PLANE_PAYLOAD_TOO_LARGE: {
    meaning: "The payload is larger than the plane's server takes.",
    retryable: false,
  },
  EVENT_PLANE_PAYLOAD_LIMIT_TOO_LOW: {
    meaning: "The plane's server takes too short payloads for anything to work (`max_payload`).",
    retryable: false,
  },
  EVENT_PLANE_BAD_CONFIGURATION: {
    meaning: 'A credentials or certificate file cannot be read.',
    retryable: false,
  },
  EVENT_PLANE_NO_LOG: {
    meaning: 'The server of the plane cannot keep events; JetStream is off or refuses.',
    retryable: false,
  },
  EVENT_PLANE_CLOSED: { meaning: 'The plane has been closed.', retryable: false },
} as const;

export type EventPlaneErrorCode = keyof typeof eventPlaneErrors;

/** Trouble with the plane or with whoever was asked. */
export class EventPlaneError extends KvasirError {
  declare readonly code: EventPlaneErrorCode;

  constructor(code: EventPlaneErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: eventPlaneErrors[code].retryable, cause });
  }
}

export function closedError(): EventPlaneError {
  return new EventPlaneError('EVENT_PLANE_CLOSED', 'Cannot use the event plane: it has been closed');
}
