/**
 * What an outcome says of the worker. Only a worker fault counts against it: `clientFault` is the request's own, `overload` passes by itself,
 * `neutral` says nothing (we hung up, or it is our own doing).
 */
export type WorkerOutcome = 'workerFault' | 'clientFault' | 'overload' | 'neutral';

interface OutcomeRow {
  readonly outcome: WorkerOutcome;
  /** The same request may succeed on another worker. */
  readonly retryable: boolean;
  /** The request was with the worker when it failed, so that the request may be what it failed of. */
  readonly suspectsRequest: boolean;
  readonly meaning: string;
}

/**
 * Every way in which an exchange with an engine fails, and whose fault it is: the one table. Whatever is observed of an exchange (status, error event,
 * cut connection, silence, our own limit) becomes one of these. Codes are stable API.
 */
export const outcomes = {
  ENGINE_UNREACHABLE: {
    outcome: 'workerFault',
    retryable: true,
    suspectsRequest: false,
    meaning: 'No connection could be made; the request was not sent.',
  },
  ENGINE_DISCONNECTED: {
    outcome: 'workerFault',
    retryable: true,
    suspectsRequest: true,
    meaning: 'The connection broke before the answer was complete.',
  },
  ENGINE_TIMEOUT: {
    outcome: 'workerFault',
    retryable: true,
    suspectsRequest: true,
    meaning: 'The head of a streamed answer did not come within engineHeadTimeoutMs.',
  },
  ENGINE_FIRST_TOKEN_TIMEOUT: {
    outcome: 'workerFault',
    retryable: true,
    suspectsRequest: true,
    meaning: 'The first token did not come within firstTokenTimeoutMs.',
  },
  ENGINE_INACTIVE: {
    outcome: 'workerFault',
    retryable: true,
    suspectsRequest: true,
    meaning: 'No token came for tokenGapTimeoutMs within an answer.',
  },
  ENGINE_GONE: {
    outcome: 'neutral',
    retryable: true,
    suspectsRequest: false,
    meaning:
      'The engine left the list, or started anew, and said nothing more: what waited for it was pointless. Nobody is at fault.',
  },
  ENGINE_SILENT: {
    outcome: 'neutral',
    retryable: true,
    suspectsRequest: true,
    meaning:
      'The engine said nothing while others answered, and a probe failed: the request was taken elsewhere.',
  },
  ENGINE_PROTOCOL: {
    outcome: 'workerFault',
    retryable: true,
    suspectsRequest: true,
    meaning: 'What came is no HTTP, a redirect, or not the answer that the dialect has.',
  },
  ENGINE_ANSWER_TOO_LARGE: {
    outcome: 'neutral',
    retryable: false,
    suspectsRequest: false,
    meaning: 'The answer is longer than answerBytesMax.',
  },
  ENGINE_ERROR_STATUS: {
    outcome: 'workerFault',
    retryable: true,
    suspectsRequest: true,
    meaning: 'The engine answered 5xx, as a status, in its stream or in its body.',
  },
  ENGINE_INCOMPLETE: {
    outcome: 'workerFault',
    retryable: true,
    suspectsRequest: true,
    meaning: 'The stream ended before it was finished.',
  },
  ENGINE_OVERLOADED: {
    outcome: 'overload',
    retryable: true,
    suspectsRequest: false,
    meaning: 'The engine answered 408, 425, 429, 503 or 529: it has no room now.',
  },
  ENGINE_NO_CONNECTION: {
    outcome: 'overload',
    retryable: true,
    suspectsRequest: false,
    meaning: 'exchangesPerEngineMax requests run with this engine.',
  },
  ENGINE_REFUSED: {
    outcome: 'clientFault',
    retryable: false,
    suspectsRequest: false,
    meaning:
      'The engine answered 4xx or 501, as a status, in its stream or in its body: the request itself is at fault.',
  },
  ENGINE_UNAUTHORIZED: {
    outcome: 'clientFault',
    retryable: false,
    suspectsRequest: false,
    meaning: 'The engine answered 401 or 403: it wants other credentials than it was given.',
  },
  ENGINE_CLIENT_CLOSED: {
    outcome: 'neutral',
    retryable: false,
    suspectsRequest: false,
    meaning: 'This side is closing its connections.',
  },
} as const satisfies Record<string, OutcomeRow>;

export type OutcomeCode = keyof typeof outcomes;

/** Statuses besides 429 and 503 that say "not now" and not "not so". */
const NOT_NOW: ReadonlySet<number> = new Set([408, 425, 429, 503, 529]);

/** What a status says, wherever it stands: in the head, in an error event, in a body. @returns null for 2xx. */
export function outcomeOfStatus(status: number): OutcomeCode | null {
  if (status >= 200 && status < 300) return null;
  if (NOT_NOW.has(status)) return 'ENGINE_OVERLOADED';
  if (status === 401 || status === 403) return 'ENGINE_UNAUTHORIZED';
  // 501: the engine cannot do what this request asks for.
  if ((status >= 400 && status < 500) || status === 501) return 'ENGINE_REFUSED';
  return status >= 500 && status < 600 ? 'ENGINE_ERROR_STATUS' : 'ENGINE_PROTOCOL';
}
