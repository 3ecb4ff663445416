/** What a client can tell apart, beyond the status. */
export type OpenAiErrorType = 'invalid_request_error' | 'rate_limit_error' | 'server_error';

interface ErrorRow {
  readonly status: number;
  readonly type: OpenAiErrorType;
  readonly meaning: string;
}

/** Every error that is answered over HTTP. Codes are stable API; where OpenAI has a code of the same meaning it is that one. */
export const openAiErrors = {
  malformed_json: { status: 400, type: 'invalid_request_error', meaning: 'The body is no JSON object.' },
  body_too_complex: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The body is nested deeper, or has more members or values, than the server takes.',
  },
  invalid_utf8: { status: 400, type: 'invalid_request_error', meaning: 'The body is not UTF-8.' },
  missing_required_parameter: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'A field that the request needs is absent.',
  },
  invalid_type: { status: 400, type: 'invalid_request_error', meaning: 'A field has the wrong type.' },
  invalid_value: { status: 400, type: 'invalid_request_error', meaning: 'A field is out of its range.' },
  unsupported_value: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'This deployment cannot serve a request with this value.',
  },
  context_length_exceeded: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'Prompt and output are longer than the context of the model.',
  },
  engine_refused: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The engine refused the request; the status is its own.',
  },
  model_not_found: { status: 404, type: 'invalid_request_error', meaning: 'No pool serves this model.' },
  unknown_url: { status: 404, type: 'invalid_request_error', meaning: 'There is no such path.' },
  request_incomplete: {
    status: 408,
    type: 'invalid_request_error',
    meaning: 'The request did not arrive in time, or came too slowly.',
  },
  method_not_allowed: {
    status: 405,
    type: 'invalid_request_error',
    meaning: 'The path is taken with other methods; the header Allow names them.',
  },
  malformed_http: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'What was sent is not an HTTP request.',
  },
  headers_too_large: {
    status: 431,
    type: 'invalid_request_error',
    meaning: 'The head of the request is longer than the server takes.',
  },
  unsupported_transfer_encoding: {
    status: 501,
    type: 'server_error',
    meaning: 'The body comes in a transfer encoding that the server does not know.',
  },
  body_too_large: {
    status: 413,
    type: 'invalid_request_error',
    meaning: 'The body is longer than the server takes.',
  },
  client_closed_request: {
    status: 499,
    type: 'invalid_request_error',
    meaning: 'The client left; nobody reads this, it is logged and counted.',
  },
  client_overloaded: {
    status: 429,
    type: 'rate_limit_error',
    meaning: 'The client has as many bytes of bodies in flight as it may; try later.',
  },
  engine_overloaded: {
    status: 429,
    type: 'rate_limit_error',
    meaning: 'Every worker that was tried had no room.',
  },
  internal_error: { status: 500, type: 'server_error', meaning: 'A fault of the server; its log says more.' },
  worker_failed: {
    status: 502,
    type: 'server_error',
    meaning: 'Every worker that was tried failed; the request may be sent again.',
  },
  overloaded: { status: 503, type: 'server_error', meaning: 'As many requests run as may; try later.' },
  bodies_overloaded: {
    status: 503,
    type: 'server_error',
    meaning: 'As many bytes of bodies are in flight as may; try later.',
  },
  shutting_down: {
    status: 503,
    type: 'server_error',
    meaning: 'The server is stopping; another one may answer.',
  },
  no_workers: { status: 503, type: 'server_error', meaning: 'No worker can take the request now.' },
  prefill_unavailable: {
    status: 503,
    type: 'server_error',
    meaning: 'Disaggregation is enforced and no prefill worker can take the request.',
  },
  tokenizer_failed: {
    status: 503,
    type: 'server_error',
    meaning: 'The prompt could not be turned into tokens in time; try later.',
  },
  request_timeout: { status: 504, type: 'server_error', meaning: 'The deadline of the request has passed.' },
} as const satisfies Record<string, ErrorRow>;

export type OpenAiErrorCode = keyof typeof openAiErrors;

/** One error, ready to be answered. */
export interface OpenAiError {
  readonly status: number;
  readonly type: string;
  /** One of `openAiErrors`, or what an engine said. */
  readonly code: string | null;
  readonly message: string;
  /** Field that is at fault, e.g. `messages[0].role`. */
  readonly param: string | null;
  /** When the client may come again, in seconds; absent leaves that to whoever answers. */
  readonly retryAfterS?: number | undefined;
}

/** The body of an error answer. */
export interface OpenAiErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

/** An error of the table. */
export function openAiError(
  code: OpenAiErrorCode,
  message: string,
  param: string | null = null,
): OpenAiError {
  const { status, type } = openAiErrors[code];
  return { status, type, code, message, param };
}

export function errorBody(error: OpenAiError): OpenAiErrorBody {
  return {
    error: { message: error.message, type: error.type, param: error.param, code: error.code },
  };
}

/** An engine says at most this much in an error that is passed on. */
const ENGINE_MESSAGE_LENGTH_MAX = 2_000;

/**
 * Reads what an engine answered with an error status, in any of the shapes that engines use (`{error:{…}}`, `{message,type,code}`,
 * `{detail}`, plain text), into the one shape that clients know.
 * @param status of the engine's answer, 400 to 599.
 */
export function readEngineError(status: number, bytes: Uint8Array): OpenAiError {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const said = errorFields(text);
  const message = typeof said['message'] === 'string' ? said['message'] : text;
  const shown = message.trim() === '' ? `The engine answered with status ${status}` : message.trim();
  return {
    status,
    type: typeof said['type'] === 'string' ? said['type'] : typeOf(status),
    code: typeof said['code'] === 'string' ? said['code'] : codeOf(status),
    message: shown.slice(0, ENGINE_MESSAGE_LENGTH_MAX),
    param: typeof said['param'] === 'string' ? said['param'] : null,
  };
}

function errorFields(text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return {};
  }
  if (!isRecord(parsed)) return {};
  if (isRecord(parsed['error'])) return parsed['error'];
  if (typeof parsed['error'] === 'string') return { message: parsed['error'] };
  if (parsed['detail'] !== undefined) {
    const { detail } = parsed;
    return { message: typeof detail === 'string' ? detail : JSON.stringify(detail) };
  }
  return parsed;
}

function typeOf(status: number): OpenAiErrorType {
  if (status === 429) return 'rate_limit_error';
  return isRefusal(status) ? 'invalid_request_error' : 'server_error';
}

function codeOf(status: number): OpenAiErrorCode {
  if (status === 429) return 'engine_overloaded';
  if (status === 413) return 'body_too_large';
  return isRefusal(status) ? 'engine_refused' : 'worker_failed';
}

function isRefusal(status: number): boolean {
  return status < 500 || status === 501;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
