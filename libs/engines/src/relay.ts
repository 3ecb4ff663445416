import type { BodyReceiver, Flow } from './exchange.js';

/** Where relayed bytes go: a response to a client. */
export interface RelaySink {
  /** @returns false when the receiver is slower: nothing more should be written until it drains. */
  write(bytes: Buffer): boolean;
  /** Calls back when it can take more again, each time. */
  onDrain(callback: () => void): void;
}

/**
 * Passes an answer's bytes on as they come. What arrives in one read of the engine's socket is written at once, in one piece; while the sink is
 * full the engine's socket is not read, so that no more is held than one read and the sink's own buffer.
 */
export class Relay implements BodyReceiver {
  readonly #sink: RelaySink;
  readonly #flow: Flow;
  /** The first piece; further ones of the same read are in `#more`. */
  #first: Buffer | null = null;
  #more: Buffer[] | null = null;
  #isPaused = false;

  constructor(sink: RelaySink, flow: Flow) {
    this.#sink = sink;
    this.#flow = flow;
    sink.onDrain(() => {
      if (!this.#isPaused) return;
      this.#isPaused = false;
      this.#flow.resume();
    });
  }

  data(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#first === null) {
      this.#first = bytes;
      // After the read that brought it: one socket read may hold many chunks.
      process.nextTick(flushRelay, this);
    } else {
      this.#more ??= [];
      this.#more.push(bytes);
    }
  }

  /** Writes what has come; to be called before the sink is ended. */
  flush(): void {
    const first = this.#first;
    if (first === null) return;
    const bytes = this.#more === null ? first : Buffer.concat([first, ...this.#more]);
    this.#first = null;
    this.#more = null;
    if (this.#sink.write(bytes) || this.#isPaused) return;
    this.#isPaused = true;
    this.#flow.pause();
  }
}

function flushRelay(relay: Relay): void {
  relay.flush();
}
