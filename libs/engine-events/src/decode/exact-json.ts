const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
/** Shorter whole numbers are exact as they are. */
const DIGITS_MIN = 16;
/** Longer ones are no 64-bit numbers. */
const DIGITS_MAX = 20;

/**
 * JSON whose whole numbers of 16 to 20 digits are read as texts: as plain numbers hashes of 64 bits would be rounded. What stands in texts stays as it is.
 * @throws SyntaxError for what is no JSON.
 */
export function parseExactJson(text: string): unknown {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = afterText(text, at);
    else if (isDigit(code) || code === MINUS) {
      const end = afterNumber(text, at);
      if (isLong(text, at, end)) {
        parts.push(text.slice(from, at), '"', text.slice(at, end), '"');
        from = end;
      }
      at = end;
    } else at += 1;
  }
  return JSON.parse(parts.length === 0 ? text : parts.join('') + text.slice(from)) as unknown;
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

function afterText(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === QUOTE) return at + 1;
  }
  return text.length;
}

/** After everything that can belong to a number, so that fractions and exponents are not taken for whole ones. */
function afterNumber(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && NUMBER_SIGNS.has(text.charCodeAt(at))) at += 1;
  return at;
}

const NUMBER_SIGNS = new Set(Buffer.from('0123456789+-.eE'));

function isLong(text: string, from: number, to: number): boolean {
  const first = text.charCodeAt(from) === MINUS ? from + 1 : from;
  if (to - first < DIGITS_MIN || to - first > DIGITS_MAX) return false;
  for (let at = first; at < to; at += 1) if (!isDigit(text.charCodeAt(at))) return false;
  return true;
}
