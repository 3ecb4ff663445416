import type { BodyReceiver } from './exchange.js';

/** Keeps a whole answer, up to a limit. */
export class BodyCollector implements BodyReceiver {
  readonly #bytesMax: number;
  readonly #parts: Buffer[] = [];
  #length = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** More came than may be kept; what is kept is of no use then. */
  get isTooLarge(): boolean {
    return this.#length > this.#bytesMax;
  }

  data(bytes: Buffer): void {
    this.#length += bytes.length;
    if (!this.isTooLarge) this.#parts.push(bytes);
    else this.#parts.length = 0;
  }

  /** All bytes, in one piece. */
  bytes(): Buffer {
    const [only] = this.#parts;
    return this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts);
  }
}
