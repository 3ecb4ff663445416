/**
 * What an outcome says of the worker. Only a worker fault counts against it: `clientFault` is the request's own, `overload` passes by itself,
 * `neutral` says nothing (we hung up).
 */
export type WorkerOutcome = 'workerFault' | 'clientFault' | 'overload' | 'neutral';

interface FailureRow {
  readonly outcome: WorkerOutcome;
  /** The same request may succeed on another worker. */
  readonly retryable: boolean;
  readonly meaning: string;
}

/** Every way in which an exchange with an engine fails. Codes are stable API. */
export const engineFailures = {
  ENGINE_UNREACHABLE: {
    outcome: 'workerFault',
    retryable: true,
    meaning: 'No connection could be made; the request was not sent.',
  },
  ENGINE_DISCONNECTED: {
    outcome: 'workerFault',
    retryable: true,
    meaning: 'The connection broke before the answer was complete.',
  },
  ENGINE_TIMEOUT: {
    outcome: 'workerFault',
    retryable: true,
    meaning: 'The head of the answer did not come within headersTimeoutMs.',
  },
  ENGINE_INACTIVE: {
    outcome: 'workerFault',
    retryable: true,
    meaning: 'The answer was silent for inactivityMs.',
  },
  ENGINE_PROTOCOL: {
    outcome: 'workerFault',
    retryable: true,
    meaning: 'What came is no HTTP, or not the answer that the dialect has.',
  },
  ENGINE_ANSWER_TOO_LARGE: {
    outcome: 'neutral',
    retryable: false,
    meaning: 'The answer is longer than answerBytesMax.',
  },
  ENGINE_ERROR_STATUS: {
    outcome: 'workerFault',
    retryable: true,
    meaning: 'The engine answered 5xx, or an error event in its stream.',
  },
  ENGINE_INCOMPLETE: {
    outcome: 'workerFault',
    retryable: true,
    meaning: 'The stream ended before it was finished.',
  },
  ENGINE_OVERLOADED: {
    outcome: 'overload',
    retryable: true,
    meaning: 'The engine answered 429 or 503.',
  },
  ENGINE_NO_CONNECTION: {
    outcome: 'overload',
    retryable: true,
    meaning: 'exchangesPerEngineMax requests run with this engine.',
  },
  ENGINE_REFUSED: {
    outcome: 'clientFault',
    retryable: false,
    meaning: 'The engine answered 4xx: the request itself is at fault.',
  },
  ENGINE_CLIENT_CLOSED: {
    outcome: 'neutral',
    retryable: false,
    meaning: 'This side is closing its connections.',
  },
} as const satisfies Record<string, FailureRow>;

export type EngineFailureCode = keyof typeof engineFailures;

/** One failed exchange. */
export interface EngineFailure {
  readonly code: EngineFailureCode;
  readonly outcome: WorkerOutcome;
  readonly retryable: boolean;
  /** False when the engine cannot have seen the request. */
  readonly wasSent: boolean;
  /** Status of the answer; null when there was none. */
  readonly status: number | null;
  /** One sentence for a log line. */
  readonly message: string;
}

export function engineFailure(
  code: EngineFailureCode,
  message: string,
  seen: { readonly wasSent?: boolean; readonly status?: number | null } = {},
): EngineFailure {
  const { outcome, retryable } = engineFailures[code];
  return {
    code,
    outcome,
    retryable,
    wasSent: seen.wasSent ?? true,
    status: seen.status ?? null,
    message,
  };
}

/** What an answer's status says. @returns null for 2xx. */
export function statusFailure(status: number): EngineFailure | null {
  if (status >= 200 && status < 300) return null;
  const message = `The engine answered with status ${status}`;
  if (status === 429 || status === 503) return engineFailure('ENGINE_OVERLOADED', message, { status });
  if (status >= 400 && status < 500) return engineFailure('ENGINE_REFUSED', message, { status });
  if (status >= 500) return engineFailure('ENGINE_ERROR_STATUS', message, { status });
  return engineFailure('ENGINE_PROTOCOL', message, { status });
}

/** Codes of Node's sockets and undici that mean the request never left. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const DISCONNECTED = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);
const CLOSED = new Set(['UND_ERR_DESTROYED', 'UND_ERR_CLOSED']);

/** What an error of the transport says. @param status of the head when one had come. */
export function transportFailure(error: Error, status: number | null): EngineFailure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const seen = { status };
  if (NOT_SENT.has(code)) {
    // The same codes come from a connection that dies later; by then the engine may have read the request.
    if (status !== null || isOfOpenSocket(error)) {
      return engineFailure('ENGINE_DISCONNECTED', `The engine's connection broke: ${code}`, seen);
    }
    return engineFailure('ENGINE_UNREACHABLE', `No connection to the engine: ${code}`, { wasSent: false });
  }
  if (CLOSED.has(code)) return engineFailure('ENGINE_CLIENT_CLOSED', 'The connections are closed', seen);
  if (code === 'UND_ERR_HEADERS_TIMEOUT') {
    return engineFailure('ENGINE_TIMEOUT', 'The engine did not begin to answer in time', seen);
  }
  if (code === 'UND_ERR_BODY_TIMEOUT') {
    return engineFailure('ENGINE_INACTIVE', 'The engine fell silent within its answer', seen);
  }
  if (DISCONNECTED.has(code)) {
    return engineFailure('ENGINE_DISCONNECTED', `The engine's connection broke: ${code}`, seen);
  }
  return engineFailure('ENGINE_PROTOCOL', `The engine's answer cannot be read: ${error.message}`, seen);
}

/** Node names the system call that failed; reading and writing need a connection that was made. */
function isOfOpenSocket(error: Error): boolean {
  return 'syscall' in error && (error.syscall === 'read' || error.syscall === 'write');
}
