import { INPUT_BYTES_MAX } from './mutate.js';

const HEAD_BYTES = 8;
/** Inputs that are kept may be a little longer than those that are made. */
const ROOM_BYTES = 2 * INPUT_BYTES_MAX;

/** The input that a worker runs now, in memory that outlives it. */
export class SharedInput {
  readonly memory: SharedArrayBuffer;
  readonly #head: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(memory = new SharedArrayBuffer(HEAD_BYTES + ROOM_BYTES)) {
    this.memory = memory;
    this.#head = new Int32Array(memory, 0, 2);
    this.#bytes = new Uint8Array(memory, HEAD_BYTES);
  }

  begin(input: Uint8Array): void {
    const length = Math.min(input.length, ROOM_BYTES);
    this.#bytes.set(input.subarray(0, length));
    Atomics.store(this.#head, 1, length);
    Atomics.add(this.#head, 0, 1);
  }

  /** Another one for each input. */
  get number(): number {
    return Atomics.load(this.#head, 0);
  }

  get input(): Uint8Array {
    return this.#bytes.slice(0, Atomics.load(this.#head, 1));
  }
}
