export interface WatcherOptions<Value> {
  readonly read: () => Value;
  readonly isSame: (one: Value, other: Value) => boolean;
  readonly changed: (value: Value) => void;
  readonly onFailed: (error: unknown) => void;
}

/**
 * Hands a value over when it has changed: in a microtask, so that no callback runs inside the change, and only the newest value, so that
 * nothing queues up behind a slow one.
 */
export class Watcher<Value> {
  readonly #options: WatcherOptions<Value>;
  #handedOver: { readonly value: Value } | null = null;
  #isScheduled = false;
  #isClosed = false;

  constructor(options: WatcherOptions<Value>) {
    this.#options = options;
    this.poke();
  }

  /** Says that the value may have changed. */
  poke(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#handOver());
  }

  close(): void {
    this.#isClosed = true;
  }

  #handOver(): void {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    const value = this.#options.read();
    if (this.#handedOver !== null && this.#options.isSame(this.#handedOver.value, value)) return;
    this.#handedOver = { value };
    try {
      this.#options.changed(value);
    } catch (error) {
      this.#options.onFailed(error);
    }
  }
}
