import { outcomeOfStatus, outcomes } from '@kvasir/worker-health';
import type { OutcomeCode, WorkerOutcome } from '@kvasir/worker-health';

/** One failed exchange. */
export interface EngineFailure {
  readonly code: OutcomeCode;
  readonly outcome: WorkerOutcome;
  readonly retryable: boolean;
  /** The request may be what the worker failed of. */
  readonly suspectsRequest: boolean;
  /** False when the engine cannot have seen the request. */
  readonly wasSent: boolean;
  /** Status of the answer, or of the error within it; null when there was none. */
  readonly status: number | null;
  /** How long the engine asked to be left alone, in ms; null when it did not. */
  readonly retryAfterMs: number | null;
  /** One sentence for a log line. */
  readonly message: string;
}

export function engineFailure(
  code: OutcomeCode,
  message: string,
  seen: {
    readonly wasSent?: boolean;
    readonly status?: number | null;
    readonly retryAfterMs?: number | null;
  } = {},
): EngineFailure {
  const { outcome, retryable, suspectsRequest } = outcomes[code];
  const { wasSent = true, status = null, retryAfterMs = null } = seen;
  return {
    ...{ code, outcome, retryable, wasSent, status, retryAfterMs, message },
    suspectsRequest: suspectsRequest && wasSent,
  };
}

/** What the status of an answer says, or of an error within one. @returns null for 2xx. */
export function statusFailure(
  status: number,
  said: { readonly message?: string; readonly retryAfterMs?: number | null } = {},
): EngineFailure | null {
  const code = outcomeOfStatus(status);
  if (code === null) return null;
  const { message = `The engine answered with status ${status}`, retryAfterMs = null } = said;
  return engineFailure(code, message, { status, retryAfterMs });
}

/** What an error says that an engine told within a 200 answer. @param error as `readErrorPayload` reads it. */
export function saidFailure(error: { readonly status: number; readonly message: string }): EngineFailure {
  const { status, message } = error;
  return statusFailure(status, { message }) ?? engineFailure('ENGINE_ERROR_STATUS', message);
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
  if (DISCONNECTED.has(code)) {
    return engineFailure('ENGINE_DISCONNECTED', `The engine's connection broke: ${code}`, seen);
  }
  return engineFailure('ENGINE_PROTOCOL', `The engine's answer cannot be read: ${error.message}`, seen);
}

/** Node names the system call that failed; reading and writing need a connection that was made. */
function isOfOpenSocket(error: Error): boolean {
  return 'syscall' in error && (error.syscall === 'read' || error.syscall === 'write');
}
