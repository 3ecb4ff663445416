import { openAiError } from '@kvasir/openai';
import type { OpenAiError } from '@kvasir/openai';
import type { CancelTimer, Clock } from '@kvasir/service';

/** Why a request ends before its answer is complete. */
export type EndCause = 'clientLeft' | 'deadline' | 'closing';

/** The life of one request: one deadline and one signal for everything that is done for it. */
export class RequestScope {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #deadlineAtMs: number;
  readonly #cancelTimer: CancelTimer;
  #cause: EndCause | null = null;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#deadlineAtMs = clock.nowMs() + timeoutMs;
    this.#cancelTimer = clock.after(timeoutMs, () => this.end('deadline'));
  }

  /** Aborted when the request ends early. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Null while the request goes on. */
  endCause(): EndCause | null {
    return this.#cause;
  }

  /** True once the request has ended early. */
  hasEnded(): boolean {
    return this.#cause !== null;
  }

  /** What the client is told when the request has ended early, else null. */
  endError(): OpenAiError | null {
    return this.#cause === null ? null : endedError(this.#cause);
  }

  /** What is left of the deadline; at least 1. */
  remainingMs(): number {
    return Math.max(1, this.#deadlineAtMs - this.#clock.nowMs());
  }

  /** Ends the request early; only the first cause counts. */
  end(cause: EndCause): void {
    if (this.#cause !== null) return;
    this.#cause = cause;
    this.#cancelTimer();
    this.#controller.abort();
  }

  /** The answer is complete, or an error was sent: nothing ends it any more. */
  settle(): void {
    this.#cancelTimer();
  }
}

/** What a client is told whose request ended early. */
export function endedError(cause: EndCause): OpenAiError {
  switch (cause) {
    case 'clientLeft':
      return openAiError('client_closed_request', 'The client left before the answer was complete');
    case 'deadline':
      return openAiError('request_timeout', 'The request did not finish within its deadline');
    case 'closing':
      return openAiError('shutting_down', 'The server is stopping; send the request again');
  }
}
