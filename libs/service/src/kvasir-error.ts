/**
 * Base of every error that leaves an adapter or a platform package: trouble of the environment, not of the programmer.
 * `code` is stable API (prefixed by package, listed in docs/errors.md); the message is one sentence for a person and may change.
 */
export class KvasirError extends Error {
  readonly code: string;
  /** True when the same call may succeed later or elsewhere without a change by the caller. */
  readonly retryable: boolean;

  constructor(
    message: string,
    options: { readonly code: string; readonly retryable: boolean; readonly cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code;
    this.retryable = options.retryable;
  }
}
