import type { BodyReceiver } from '@kvasir/engines';

const DATA = Buffer.from('data: ');
const DONE = Buffer.from('[DONE]');
const NEWLINE = 0x0a;
/** Longest line that is put together from several reads. */
const LINE_BYTES_MAX = 1_048_576;

/** Cuts a server-sent event stream into the JSON of its events, byte for byte; `[DONE]` and other lines are left out. */
export class SseEvents implements BodyReceiver {
  readonly #deliver: (json: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(deliver: (json: Buffer) => void) {
    this.#deliver = deliver;
  }

  data(bytes: Buffer): void {
    let text = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (let end = text.indexOf(NEWLINE); end !== -1; end = text.indexOf(NEWLINE)) {
      this.#line(text.subarray(0, end > 0 && text[end - 1] === 0x0d ? end - 1 : end));
      text = text.subarray(end + 1);
    }
    if (text.length > LINE_BYTES_MAX)
      throw new RangeError(`Cannot read an event: its line is longer than ${LINE_BYTES_MAX} bytes`);
    this.#rest = text;
  }

  #line(line: Buffer): void {
    if (line.length <= DATA.length || line.compare(DATA, 0, DATA.length, 0, DATA.length) !== 0) return;
    const json = line.subarray(DATA.length);
    if (!json.equals(DONE)) this.#deliver(json);
  }
}
