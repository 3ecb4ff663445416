/** Ids of a text as they come, up to a limit. */
export class IdCollector {
  readonly #parts: (number | Uint32Array | readonly number[])[] = [];
  #count = 0;

  /** @param idsMax `isOver` beyond. */
  constructor(private readonly idsMax: number = Infinity) {}

  get count(): number {
    return this.#count;
  }

  get isOver(): boolean {
    return this.#count > this.idsMax;
  }

  /** For ids that are put together before they are added here; as many fit as here. */
  startPart(): IdCollector {
    return new IdCollector(this.idsMax - this.#count);
  }

  /** Ids are not copied before `join`. */
  add(ids: number | Uint32Array | readonly number[]): void {
    this.#parts.push(ids);
    this.#count += typeof ids === 'number' ? 1 : ids.length;
  }

  join(): Uint32Array<ArrayBuffer> {
    const ids = new Uint32Array(this.#count);
    let offset = 0;
    for (const part of this.#parts) {
      if (typeof part === 'number') {
        ids[offset] = part;
        offset += 1;
      } else {
        ids.set(part, offset);
        offset += part.length;
      }
    }
    return ids;
  }
}
