import type { PlayProgress } from './play-trace.js';

const REDRAW_MS = 200;
const SHARES = 10;

/** Says how far a run is: a line that is drawn over on a terminal, else one line per tenth. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #mode: string;
  readonly #total: number;
  #drawnMs = -Infinity;
  #tenths = 0;

  constructor(stream: NodeJS.WriteStream, mode: string, total: number) {
    this.#stream = stream;
    this.#mode = mode;
    this.#total = total;
  }

  show({ ended, failed, inFlight }: PlayProgress, nowMs: number): void {
    const text = `${this.#mode}: ${ended} of ${this.#total} requests, ${failed} failed, ${inFlight} in flight`;
    if (this.#stream.isTTY) {
      if (nowMs - this.#drawnMs < REDRAW_MS && ended < this.#total) return;
      this.#drawnMs = nowMs;
      this.#stream.write(`\r\u001b[2K${text}${ended === this.#total ? '\n' : ''}`);
      return;
    }
    const tenths = Math.floor((ended / this.#total) * SHARES);
    if (tenths === this.#tenths) return;
    this.#tenths = tenths;
    this.#stream.write(`${text}\n`);
  }
}
