/** What an engine has against a request, before it is written as its dialect has it. */
export interface EngineError {
  readonly status: number;
  readonly message: string;
  /** A Python name, e.g. `BadRequestError`: all three engines have them. */
  readonly type: string;
  readonly param: string | null;
}

const TYPES: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  404: 'NotFoundError',
  413: 'BadRequestError',
  429: 'TooManyRequestsError',
  503: 'ServiceUnavailableError',
};

export function engineError(status: number, message: string, param: string | null = null): EngineError {
  return { status, message, type: TYPES[status] ?? 'InternalServerError', param };
}
