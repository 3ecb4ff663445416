import { UnsupportedError } from '@kvasir/python-values';

const ESCAPE =
  /\\(?:\n|([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(N\{[^}]*\})|([\s\S]))/g;

const NAMED: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Reads the escapes of a Python string; of unknown ones the backslash stays. */
export function readEscapes(source: string): string {
  if (!source.includes('\\')) return source;
  return source.replace(ESCAPE, (whole: string, ...groups: (string | undefined)[]) => {
    const [octal, byte, short, long, unicodeName, character] = groups;
    if (unicodeName !== undefined) throw new UnsupportedError('\\N{…} in a string');
    const hex = byte ?? short ?? long;
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (character === undefined) return '';
    return NAMED[character] ?? whole;
  });
}
