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
