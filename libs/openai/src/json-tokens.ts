import { QUOTE } from './json-members.js';

const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/** Longest spelling of a number, in bytes; JSON has no limit, those who read it have. */
const NUMBER_BYTES_MAX = 4_096;

/** 1 for bytes that stand for themselves within a text: all but the quote, the backslash and control characters. */
const ORDINARY = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

/** What may follow a backslash, the `u` of four digits apart. */
const ESCAPES = new Set(Buffer.from('"\\/bfnrt'));

/**
 * Follows a text up to its closing quote, or to about `to`.
 * @returns the offset of the quote, or of where to go on; minus the offset of the first byte that cannot stand there.
 */
export function stringRunEnd(bytes: Buffer, from: number, to: number): number {
  let at = from;
  for (;;) {
    while (at < to && ORDINARY[bytes[at] as number] === 1) at += 1;
    if (at >= to || bytes[at] === QUOTE) return at;
    const length = bytes[at] === BACKSLASH ? escapeLength(bytes, at) : 0;
    if (length === 0) return -at;
    at += length;
  }
}

/** @returns 0 when it is none. */
function escapeLength(bytes: Buffer, at: number): number {
  const letter = bytes[at + 1] ?? 0;
  if (ESCAPES.has(letter)) return 2;
  if (letter !== LETTER_U) return 0;
  for (let digit = at + 2; digit < at + 6; digit += 1) if (!isHexDigit(bytes[digit] ?? 0)) return 0;
  return 6;
}

function isHexDigit(byte: number): boolean {
  const letter = byte | 0x20;
  return isDigit(byte) || (letter >= 0x61 && letter <= 0x66);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

const WORDS: readonly Buffer[] = ['true', 'false', 'null'].map((word) => Buffer.from(word));

/** @returns the offset after `true`, `false` or `null`; -1 when none of them stands there. */
export function wordEnd(bytes: Buffer, start: number): number {
  for (const word of WORDS) {
    if (bytes[start] !== word[0]) continue;
    const end = start + word.length;
    return end <= bytes.length && bytes.compare(word, 0, word.length, start, end) === 0 ? end : -1;
  }
  return -1;
}

const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;

/** @returns the offset after a number as JSON spells them; -1 when there is none, or one that is too long. */
export function numberEnd(bytes: Buffer, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  const whole = digitsEnd(bytes, at);
  if (whole === at || (bytes[at] === ZERO && whole > at + 1)) return -1;
  at = whole;
  if (bytes[at] === POINT) {
    const fraction = digitsEnd(bytes, at + 1);
    if (fraction === at + 1) return -1;
    at = fraction;
  }
  if (((bytes[at] ?? 0) | 0x20) === 0x65) {
    const sign = bytes[at + 1];
    const first = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
    const exponent = digitsEnd(bytes, first);
    if (exponent === first) return -1;
    at = exponent;
  }
  return at - start > NUMBER_BYTES_MAX ? -1 : at;
}

/** Not much further than a number may be long. */
function digitsEnd(bytes: Buffer, from: number): number {
  const to = Math.min(bytes.length, from + NUMBER_BYTES_MAX + 1);
  let at = from;
  while (at < to && isDigit(bytes[at])) at += 1;
  return at;
}
