/** An error as vLLM answers it: the code is the status, the type a Python name. */
export interface VllmError {
  readonly status: number;
  readonly body: {
    readonly error: {
      readonly message: string;
      readonly type: string;
      readonly param: string | null;
      readonly code: number;
    };
  };
}

const TYPES: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  404: 'NotFoundError',
  413: 'BadRequestError',
  429: 'TooManyRequestsError',
  503: 'ServiceUnavailableError',
};

export function vllmError(status: number, message: string, param: string | null = null): VllmError {
  const type = TYPES[status] ?? 'InternalServerError';
  return { status, body: { error: { message, type, param, code: status } } };
}
