const KEY = '"token_ids":';
const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;
const SPACE = 0x20;

/**
 * How many token ids an event carries, all choices together, counted on its text without making values; null when it carries no list of them.
 * Engines send them when a client asks for them (`return_token_ids`). Within JSON the name cannot stand inside a string: its quotes would be escaped.
 */
export function tokenIdCount(text: string): number | null {
  let count: number | null = null;
  for (let at = text.indexOf(KEY); at >= 0; at = text.indexOf(KEY, at + KEY.length)) {
    const list = itemCount(text, at + KEY.length);
    if (list !== null) count = (count ?? 0) + list;
  }
  return count;
}

/** @param start of a value. @returns null when it is no list. */
function itemCount(text: string, start: number): number | null {
  let at = start;
  while (text.charCodeAt(at) === SPACE) at += 1;
  if (text.charCodeAt(at) !== OPEN) return null;
  let items = 0;
  let isEmpty = true;
  for (at += 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === CLOSE) return isEmpty ? 0 : items + 1;
    if (code === COMMA) items += 1;
    else if (code !== SPACE) isEmpty = false;
  }
  return null;
}
