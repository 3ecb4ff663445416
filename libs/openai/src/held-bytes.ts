const FIRST_CAPACITY_BYTES = 256;

/** Bytes that wait for more: appending costs their own length, not that of what is there already. */
export class HeldBytes {
  #bytes: Buffer | null = null;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Copies them. */
  append(more: Buffer): void {
    const needed = this.#length + more.length;
    const bytes = this.#bytes;
    if (bytes !== null && bytes.length >= needed) more.copy(bytes, this.#length);
    else {
      const larger = Buffer.allocUnsafe(Math.max(FIRST_CAPACITY_BYTES, this.#length * 2, needed));
      bytes?.copy(larger, 0, 0, this.#length);
      more.copy(larger, this.#length);
      this.#bytes = larger;
    }
    this.#length = needed;
  }

  /** Gives all of them away. */
  take(): Buffer {
    const taken = this.#bytes?.subarray(0, this.#length) ?? NOTHING;
    this.#bytes = null;
    this.#length = 0;
    return taken;
  }
}

const NOTHING = Buffer.alloc(0);
