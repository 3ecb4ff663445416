/** Bytes that a slow reader may leave waiting before the writer is asked to pause. */
const PENDING_BYTES_MAX = 1_048_576;

/**
 * Items from a writer that does not wait to a reader that iterates. The writer is told to pause while more than `PENDING_BYTES_MAX` wait, and to
 * resume once they are read.
 */
export class EventQueue {
  readonly #items: Buffer[] = [];
  #pendingBytes = 0;
  #isEnded = false;
  #wake: (() => void) | null = null;
  #resume: (() => void) | null = null;

  /** @returns false when the writer should pause until `resume` is called. */
  push(item: Buffer, resume: () => void): boolean {
    this.#items.push(item);
    this.#pendingBytes += item.length;
    this.#wake?.();
    if (this.#pendingBytes <= PENDING_BYTES_MAX) return true;
    this.#resume = resume;
    return false;
  }

  /** Nothing more will come. */
  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  async *read(): AsyncIterableIterator<Buffer> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) {
        this.#pendingBytes -= item.length;
        if (this.#pendingBytes === 0) {
          this.#resume?.();
          this.#resume = null;
        }
        yield item;
      } else if (this.#isEnded) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = null;
      }
    }
  }
}
