/** Every code that leaves this package. Codes are stable; messages are for people. */
export const EVENT_PLANE_ERRORS = {
  EVENT_PLANE_NO_SERVER: { isRetryable: true, summary: 'nobody serves the subject' },
  EVENT_PLANE_TIMEOUT: { isRetryable: true, summary: 'the next chunk of an answer took too long' },
  EVENT_PLANE_SERVER_FAILED: {
    isRetryable: true,
    summary: 'the server of the subject failed while it answered',
  },
  EVENT_PLANE_CLOSED: { isRetryable: false, summary: 'the plane has been closed' },
} as const;

export type EventPlaneErrorCode = keyof typeof EVENT_PLANE_ERRORS;

export class EventPlaneError extends Error {
  readonly isRetryable: boolean;

  constructor(
    readonly code: EventPlaneErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'EventPlaneError';
    this.isRetryable = EVENT_PLANE_ERRORS[code].isRetryable;
  }
}
