import {
  characterCount,
  characters,
  hasWideCharacters,
  isSpace,
  stripEnd,
  stripStart,
} from './characters.js';
import { valueError } from './python-error.js';
import { sliceText } from './sequences.js';
import { tuple } from './values.js';
import type { List, Value } from './values.js';

export interface SplitOptions {
  /** Null: runs of white space, none at the ends. */
  readonly separator: string | null;
  /** As often as possible when below zero. */
  readonly splitsMax: number;
  readonly isFromEnd: boolean;
}

/** `str.split` and `str.rsplit`. @throws PythonError when the separator is empty. */
export function split(text: string, options: SplitOptions): List {
  const { separator, splitsMax, isFromEnd } = options;
  if (separator === '') throw valueError('empty separator');
  if (separator === null)
    return isFromEnd ? splitSpacesFromEnd(text, splitsMax) : splitSpaces(text, splitsMax);
  const parts = text.split(separator);
  const count = splitsMax < 0 ? parts.length - 1 : Math.min(splitsMax, parts.length - 1);
  if (!isFromEnd) return [...parts.slice(0, count), parts.slice(count).join(separator)];
  const border = parts.length - count;
  return [parts.slice(0, border).join(separator), ...parts.slice(border)];
}

function splitSpaces(text: string, splitsMax: number): List {
  const parts: string[] = [];
  let rest = stripStart(text, isSpace);
  while (rest !== '') {
    if (splitsMax >= 0 && parts.length === splitsMax) {
      parts.push(rest);
      break;
    }
    let end = 0;
    while (end < rest.length && !isSpace(rest.charAt(end))) end += 1;
    parts.push(rest.slice(0, end));
    rest = stripStart(rest.slice(end), isSpace);
  }
  return parts;
}

function splitSpacesFromEnd(text: string, splitsMax: number): List {
  const parts: string[] = [];
  let rest = stripEnd(text, isSpace);
  while (rest !== '') {
    if (splitsMax >= 0 && parts.length === splitsMax) {
      parts.push(rest);
      break;
    }
    let start = rest.length;
    while (start > 0 && !isSpace(rest.charAt(start - 1))) start -= 1;
    parts.push(rest.slice(start));
    rest = stripEnd(rest.slice(0, start), isSpace);
  }
  return parts.reverse();
}

const LINE = /([^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*)(\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])/g;

/** `str.splitlines`. */
export function splitLines(text: string, keepsEnds: boolean): readonly string[] {
  const lines: string[] = [];
  let end = 0;
  for (const [whole, line = ''] of text.matchAll(LINE)) {
    lines.push(keepsEnds ? whole : line);
    end += whole.length;
  }
  if (end < text.length) lines.push(text.slice(end));
  return lines;
}

/** `str.partition` and `str.rpartition`. @throws PythonError when the separator is empty. */
export function partition(text: string, separator: string, isFromEnd: boolean): Value {
  if (separator === '') throw valueError('empty separator');
  const at = isFromEnd ? text.lastIndexOf(separator) : text.indexOf(separator);
  if (at < 0) return tuple(isFromEnd ? ['', '', text] : [text, '', '']);
  return tuple([text.slice(0, at), separator, text.slice(at + separator.length)]);
}

interface Stretch {
  readonly start: Value;
  readonly stop: Value;
}

function stretchOf(text: string, { start, stop }: Stretch): string {
  if (start === null && stop === null) return text;
  return sliceText(text, [start, stop, null]);
}

/** Where a stretch begins, in characters. */
function offsetOf(text: string, start: Value): number {
  const length = characterCount(text);
  const from = typeof start === 'number' ? start : 0;
  return Math.min(length, Math.max(0, from < 0 ? from + length : from));
}

/** `str.find`, `rfind`, `index` and `rindex`. @throws PythonError when it must be there and is not. */
export function find(
  text: string,
  wanted: string,
  options: Stretch & { readonly isLast: boolean; readonly mustExist: boolean },
): number {
  const stretch = stretchOf(text, options);
  const isOutside = typeof options.start === 'number' && options.start > characterCount(text);
  const at = isOutside ? -1 : options.isLast ? stretch.lastIndexOf(wanted) : stretch.indexOf(wanted);
  if (at >= 0) {
    const before = hasWideCharacters(stretch) ? characterCount(stretch.slice(0, at)) : at;
    return before + offsetOf(text, options.start);
  }
  if (options.mustExist) throw valueError('substring not found');
  return -1;
}

/** `str.count`. */
export function occurrences(text: string, wanted: string, stretch: Stretch): number {
  const searched = stretchOf(text, stretch);
  return wanted === '' ? characters(searched).length + 1 : searched.split(wanted).length - 1;
}

/** `str.startswith` and `str.endswith`. */
export function startsOrEnds(
  text: string,
  candidates: readonly string[],
  options: Stretch & { readonly isEnd: boolean },
): boolean {
  const stretch = stretchOf(text, options);
  return candidates.some((candidate) =>
    options.isEnd ? stretch.endsWith(candidate) : stretch.startsWith(candidate),
  );
}
