/** Where one member of a JSON object lies in its bytes. */
export interface JsonMember {
  readonly key: string;
  /** Offset of the key's opening quote. */
  readonly start: number;
  readonly valueStart: number;
  /** Offset after the value's last byte. */
  readonly valueEnd: number;
}

/**
 * Finds the top-level members of a JSON object in one walk over its bytes, without making values of them.
 * It follows structure only: of bytes that `JSON.parse` accepts the answer is exact, of others it is null or of no meaning.
 * @returns members in order, equal keys included; null when the bytes are no object.
 */
export function scanMembers(bytes: Buffer): readonly JsonMember[] | null {
  const members: JsonMember[] = [];
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== OPEN_BRACE) return null;
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === CLOSE_BRACE) return members;
  for (;;) {
    if (bytes[at] !== QUOTE) return null;
    const start = at;
    const keyEnd = stringEnd(bytes, start + 1);
    if (keyEnd < 0) return null;
    const key = keyText(bytes, start, keyEnd);
    at = skipSpace(bytes, keyEnd + 1);
    if (bytes[at] !== COLON) return null;
    const valueStart = skipSpace(bytes, at + 1);
    const valueEnd = skipValue(bytes, valueStart);
    if (valueEnd < 0) return null;
    members.push({ key, start, valueStart, valueEnd });
    at = skipSpace(bytes, valueEnd);
    if (bytes[at] === CLOSE_BRACE) return members;
    if (bytes[at] !== COMMA) return null;
    at = skipSpace(bytes, at + 1);
  }
}

export const QUOTE = 0x22;
export const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;

/** @returns the offset of the first byte that is no space, or `to`. */
export function skipSpace(bytes: Buffer, from: number, to = bytes.length): number {
  let at = from;
  while (at < to) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at += 1;
  }
  return at;
}

/** Bytes that are looked at one by one before a native search is worth its call. */
const SHORT_STRING_BYTES = 64;

/**
 * @param from after the opening quote.
 * @returns the offset of the closing quote, or -1.
 */
function stringEnd(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const shortEnd = Math.min(at + SHORT_STRING_BYTES, bytes.length);
    while (at < shortEnd) {
      const byte = bytes[at];
      if (byte === QUOTE) return at;
      at += byte === BACKSLASH ? 2 : 1;
    }
    const quote = bytes.indexOf(QUOTE, at);
    if (quote < 0) return -1;
    let backslashes = quote;
    while (backslashes > at && bytes[backslashes - 1] === BACKSLASH) backslashes -= 1;
    if (((quote - backslashes) & 1) === 0) return quote;
    at = quote + 1;
  }
}

/** Longest name of a member that is read, in bytes; of a longer one this much is its name, so that it is none that anybody looks for. */
const KEY_BYTES_MAX = 1_024;

/**
 * @param start of the opening quote.
 * @param end of the closing one.
 * @returns the name; as it is written when its escapes cannot be read.
 */
export function keyText(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start + 1, Math.min(end, start + 1 + KEY_BYTES_MAX));
  if (end - start > KEY_BYTES_MAX || !text.includes('\\')) return text;
  try {
    return String(JSON.parse(bytes.toString('utf8', start, end + 1)));
  } catch {
    return text;
  }
}

function skipValue(bytes: Buffer, start: number): number {
  const first = bytes[start];
  if (first === QUOTE) {
    const end = stringEnd(bytes, start + 1);
    return end < 0 ? -1 : end + 1;
  }
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipNested(bytes, start);
  let at = start;
  while (at < bytes.length && !endsScalar(bytes[at])) at += 1;
  return at === start ? -1 : at;
}

function skipNested(bytes: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = stringEnd(bytes, at + 1);
      if (at < 0) return -1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

function endsScalar(byte: number | undefined): boolean {
  return (
    byte === COMMA ||
    byte === CLOSE_BRACE ||
    byte === CLOSE_BRACKET ||
    byte === 0x20 ||
    byte === 0x0a ||
    byte === 0x0d ||
    byte === 0x09
  );
}
