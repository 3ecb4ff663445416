import type { Steps } from './encode-slices.js';

/** Bytes of JSON that are read in one step: a fraction of a millisecond. */
const STEP_BYTES = 65_536;
/** Reading costs about this part of encoding. */
const READING_SHARE = 1 / 16;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/**
 * Reads the JSON of a text, step by step: what `JSON.parse` makes of it.
 * @param unitsMax a text of more UTF-16 units is not wanted: null, as soon as there are more.
 * @throws SyntaxError or TypeError when it is no JSON, or of something else than a text.
 */
export function* readJsonText(json: Uint8Array, unitsMax: number): Steps<string | null> {
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  if (bytes.length < 2 || bytes[0] !== QUOTE || bytes[bytes.length - 1] !== QUOTE) {
    throw new TypeError('Cannot read a text: its JSON must begin and end with a quote');
  }
  const end = bytes.length - 1;
  let text = '';
  for (let at = 1; at < end && text.length <= unitsMax;) {
    const next = pieceEnd(bytes, at, Math.min(end, at + STEP_BYTES));
    text += JSON.parse(`"${bytes.toString('utf8', at, Math.min(next, end))}"`) as string;
    yield (next - at) * READING_SHARE;
    at = next;
  }
  return text.length > unitsMax ? null : text;
}

/** Where to cut, from `to` on: not within an escape, nor within a character. */
function pieceEnd(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to) at += bytes[at] === BACKSLASH ? (bytes[at + 1] === LETTER_U ? 6 : 2) : 1;
  while (((bytes[at] ?? 0) & 0xc0) === 0x80) at += 1;
  return at;
}
