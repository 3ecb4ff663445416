import { integer } from './numbers.js';
import { float } from './values.js';
import type { Dict, Key, Value } from './values.js';

/** Levels of nesting that are read; Python stops near its recursion limit of 1,000. */
const DEPTH_MAX = 900;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
/** Python refuses whole numbers with more digits. */
const DIGITS_MAX = 4300;
const CONSTANTS: readonly (readonly [string, Value])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', float(NaN)],
  ['Infinity', float(Infinity)],
  ['-Infinity', float(-Infinity)],
];

/**
 * Reads JSON as Python's `json.loads` does: numbers keep their kind and digits, keys their order, of equal keys the last value counts
 * in the first one's place.
 * @throws SyntaxError
 */
export function parseJson(text: string): Value {
  const reader = new JsonReader(text);
  return reader.readDocument();
}

class JsonReader {
  private at = 0;

  constructor(private readonly text: string) {}

  readDocument(): Value {
    const value = this.readValue(0);
    this.skipSpace();
    if (this.at !== this.text.length) throw this.fail();
    return value;
  }

  private readValue(depth: number): Value {
    this.skipSpace();
    const first = this.text.charAt(this.at);
    if (first === '"') return this.readText();
    if (first === '{') return this.readObject(depth);
    if (first === '[') return this.readArray(depth);
    return this.readScalar();
  }

  private readObject(depth: number): Dict {
    this.enter(depth);
    const members = new Map<Key, Value>();
    if (this.takes('}')) return members;
    do {
      this.skipSpace();
      if (this.text.charAt(this.at) !== '"') throw this.fail();
      const key = this.readText();
      if (!this.takes(':')) throw this.fail();
      members.set(key, this.readValue(depth + 1));
    } while (this.takes(','));
    if (!this.takes('}')) throw this.fail();
    return members;
  }

  private readArray(depth: number): readonly Value[] {
    this.enter(depth);
    const items: Value[] = [];
    if (this.takes(']')) return items;
    do items.push(this.readValue(depth + 1));
    while (this.takes(','));
    if (!this.takes(']')) throw this.fail();
    return items;
  }

  private enter(depth: number): void {
    this.at += 1;
    if (depth >= DEPTH_MAX) throw new SyntaxError(`JSON is nested deeper than ${DEPTH_MAX} levels`);
  }

  private readText(): string {
    const start = this.at;
    let end = this.text.indexOf('"', start + 1);
    while (end > 0 && this.isEscaped(end)) end = this.text.indexOf('"', end + 1);
    if (end < 0) throw this.fail();
    this.at = end + 1;
    // The platform's reader is quick with escapes, and refuses what Python refuses.
    return JSON.parse(this.text.slice(start, end + 1)) as string;
  }

  private isEscaped(quote: number): boolean {
    let backslashes = 0;
    while (this.text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes += 1;
    return backslashes % 2 === 1;
  }

  private readScalar(): Value {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (match !== null) return this.readNumber(match);
    for (const [name, value] of CONSTANTS) {
      if (!this.text.startsWith(name, this.at)) continue;
      this.at += name.length;
      return value;
    }
    throw this.fail();
  }

  private readNumber([digits, fraction, exponent]: RegExpExecArray): Value {
    this.at += digits.length;
    if (fraction !== undefined || exponent !== undefined) return float(Number(digits));
    if (digits.length > DIGITS_MAX)
      throw new SyntaxError(`A whole number has more than ${DIGITS_MAX} digits`);
    const quick = Number(digits);
    return Number.isSafeInteger(quick) ? integer(quick) : BigInt(digits);
  }

  private takes(character: string): boolean {
    this.skipSpace();
    if (this.text.charAt(this.at) !== character) return false;
    this.at += 1;
    return true;
  }

  private skipSpace(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at += 1;
    }
  }

  private fail(): SyntaxError {
    return new SyntaxError(`Not JSON at character ${this.at}`);
  }
}
