import type { CancelTimer, Clock } from '@kvasir/service';

export interface PatienceOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** How long one thing is waited for: until its time is up or nobody asks for it any more, whichever is first. */
export class Patience {
  readonly #controller = new AbortController();
  readonly #asked: AbortSignal;
  readonly #cancelTimer: CancelTimer;
  readonly #onNobodyAsks = (): void => this.#finish('nobodyAsks');
  #end: 'timeout' | 'nobodyAsks' | null = null;

  /** @param asked aborted when nobody asks any more. `release` must be called. */
  constructor({ clock, timeoutMs }: PatienceOptions, asked: AbortSignal) {
    this.#asked = asked;
    this.#cancelTimer = clock.after(timeoutMs, () => this.#finish('timeout'));
    if (asked.aborted) this.#onNobodyAsks();
    else asked.addEventListener('abort', this.#onNobodyAsks, { once: true });
  }

  /** Aborted when patience has ended. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why patience has ended; null while it lasts. */
  get end(): 'timeout' | 'nobodyAsks' | null {
    return this.#end;
  }

  /** @returns undefined when patience ends first; what was awaited goes on. */
  async await<T>(awaited: Promise<T>): Promise<T | undefined> {
    return await new Promise((resolve, reject) => {
      awaited.then(resolve, reject);
      if (this.signal.aborted) resolve(undefined);
      else this.signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
  }

  /** Nothing is waited for any more: what still runs for it is told to stop. */
  release(): void {
    this.#cancelTimer();
    this.#asked.removeEventListener('abort', this.#onNobodyAsks);
    this.#controller.abort();
  }

  #finish(end: 'timeout' | 'nobodyAsks'): void {
    this.#end ??= end;
    this.#controller.abort();
  }
}
