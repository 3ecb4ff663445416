const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** Later than any offset. */
const NOWHERE = Infinity;
const UNKNOWN = -1;

/**
 * Finds where server-sent events end, wherever chunks are cut: after a blank line; lines end with CR, LF or both. Looks at no byte more than twice, however
 * long an event is.
 */
export class EventEnds {
  #chunk: Buffer = Buffer.alloc(0);
  #nextNewline = UNKNOWN;
  #nextReturn = UNKNOWN;
  /** Nothing has come since the last end of a line. */
  #isLineEmpty = true;
  /** The last byte was a CR: an LF that follows belongs to it. */
  #isAfterReturn = false;

  /** The next bytes of the stream; those before are done with. */
  take(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#nextNewline = UNKNOWN;
    this.#nextReturn = UNKNOWN;
  }

  /**
   * @param from where the chunk was followed to: 0, then the offset of the last event's end.
   * @returns the offset after the blank line that ends the event; -1 when it is not in this chunk.
   */
  next(from: number): number {
    const chunk = this.#chunk;
    let at = this.#skipSecondHalf(from);
    for (;;) {
      const lineEnd = this.#lineEnd(at);
      if (lineEnd === NOWHERE) {
        if (at < chunk.length) this.#isLineEmpty = false;
        return -1;
      }
      const isBlank = this.#isLineEmpty && lineEnd === at;
      this.#isAfterReturn = chunk[lineEnd] === RETURN;
      this.#isLineEmpty = true;
      at = this.#skipSecondHalf(lineEnd + 1);
      if (isBlank) return at;
    }
  }

  #skipSecondHalf(at: number): number {
    if (!this.#isAfterReturn || at >= this.#chunk.length) return at;
    this.#isAfterReturn = false;
    return this.#chunk[at] === NEWLINE ? at + 1 : at;
  }

  #lineEnd(from: number): number {
    if (this.#nextNewline < from) this.#nextNewline = this.#find(NEWLINE, from);
    if (this.#nextReturn < from) this.#nextReturn = this.#find(RETURN, from);
    return Math.min(this.#nextNewline, this.#nextReturn);
  }

  #find(byte: number, from: number): number {
    const at = this.#chunk.indexOf(byte, from);
    return at < 0 ? NOWHERE : at;
  }
}
