import type { RenderedPrompts } from './render-answer.js';

const BYTES_PER_TOKEN = Uint32Array.BYTES_PER_ELEMENT;
/** Of an entry besides its ids: the key and what holds it. */
const ENTRY_BYTES = 300;

/** What engines have rendered, by call; bounded in bytes, the one unused for longest goes first. */
export class RenderCache {
  readonly #bytesMax: number;
  readonly #entries = new Map<string, RenderedPrompts>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): RenderedPrompts | null {
    const known = this.#entries.get(key);
    if (known === undefined) return null;
    this.#entries.delete(key);
    this.#entries.set(key, known);
    return known;
  }

  /** What is larger than all of it is not kept. */
  set(key: string, rendered: RenderedPrompts): void {
    this.#drop(key);
    const size = sizeOf(rendered);
    if (size > this.#bytesMax) return;
    this.#entries.set(key, rendered);
    this.#bytes += size;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#drop(oldest);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #drop(key: string): void {
    const known = this.#entries.get(key);
    if (known === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= sizeOf(known);
  }
}

function sizeOf({ prompts }: RenderedPrompts): number {
  return prompts.reduce((sum, { length }) => sum + length * BYTES_PER_TOKEN, ENTRY_BYTES);
}
