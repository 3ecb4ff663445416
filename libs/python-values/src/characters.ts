const SURROGATE = /[\ud800-\udfff]/;
const LONE_SURROGATE = /(?<![\ud800-\udbff])[\udc00-\udfff]|[\ud800-\udbff](?![\udc00-\udfff])/;
/** Python's `str.isspace`, which differs from JavaScript's `\s` in U+001C to U+001F, U+0085 and U+FEFF. */
const SPACES = new Set(
  [
    0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002,
    0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
  ].map((code) => String.fromCharCode(code)),
);

export function isSpace(character: string): boolean {
  return SPACES.has(character);
}

/** Python counts characters where JavaScript counts UTF-16 units; the two differ from U+10000 on only. */
export function hasWideCharacters(text: string): boolean {
  return SURROGATE.test(text);
}

/** The characters of a text; the text itself while units are characters, which has the same `length`, `at` and `slice`. */
export function characters(text: string): string | readonly string[] {
  return hasWideCharacters(text) ? Array.from(text) : text;
}

export function characterCount(text: string): number {
  return hasWideCharacters(text) ? Array.from(text).length : text.length;
}

/** Which characters a `strip` takes off: those given, else white space. */
export function stripsOf(characters: string | null): (character: string) => boolean {
  if (characters === null) return isSpace;
  const set = new Set(characters);
  return (character) => set.has(character);
}

export function stripStart(text: string, strips: (character: string) => boolean): string {
  let at = 0;
  while (at < text.length) {
    const character = characterAt(text, at);
    if (!strips(character)) break;
    at += character.length;
  }
  return text.slice(at);
}

export function stripEnd(text: string, strips: (character: string) => boolean): string {
  let end = text.length;
  while (end > 0) {
    const character = characterBefore(text, end);
    if (!strips(character)) break;
    end -= character.length;
  }
  return text.slice(0, end);
}

function characterAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at) ?? 0);
}

function characterBefore(text: string, end: number): string {
  const isPair =
    end > 1 && /[\udc00-\udfff]/.test(text.charAt(end - 1)) && /[\ud800-\udbff]/.test(text.charAt(end - 2));
  return text.slice(end - (isPair ? 2 : 1), end);
}

/** Half of a pair alone: a text that cannot be written in UTF-8. */
export function hasLoneSurrogate(text: string): boolean {
  return LONE_SURROGATE.test(text);
}
