/** Copying is so many times as fast as reading: as many more bytes make one slice. */
const COPIED_PER_READ_BYTE = 4;

/**
 * Joins the parts of a long body, a slice at a time, into memory that other threads read where it lies. Parts are let go as they are copied, so that
 * the body is in memory hardly more than once.
 */
export class BodyJoin {
  readonly #parts: Buffer[];
  readonly #joined: Buffer;
  #at = 0;

  /** @param parts owned by the join from now on. */
  constructor(parts: readonly Buffer[]) {
    this.#parts = parts.toReversed();
    this.#joined = Buffer.from(new SharedArrayBuffer(parts.reduce((sum, { length }) => sum + length, 0)));
  }

  /** In bytes of reading, as other work of the same queue. */
  get bytesLeft(): number {
    return (this.#joined.length - this.#at) / COPIED_PER_READ_BYTE;
  }

  /** @returns null when there is more to copy. */
  step(bytesMax: number): Buffer | null {
    const end = this.#at + bytesMax * COPIED_PER_READ_BYTE;
    while (this.#at < end) {
      const part = this.#parts.pop();
      if (part === undefined) return this.#joined;
      this.#at += part.copy(this.#joined, this.#at);
    }
    return this.#parts.length === 0 ? this.#joined : null;
  }
}
