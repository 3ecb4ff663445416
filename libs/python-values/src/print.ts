import { floatText } from './numbers.js';
import { UnsupportedError } from './unsupported-error.js';
import { isDict, isList, isMarkup, tuple } from './values.js';
import type { Dict, List, Tagged, Value } from './values.js';

/** `str(value)`. @throws UnsupportedError for objects whose text has an address in it. */
export function str(value: Value): string {
  if (typeof value === 'string') return value;
  if (value === undefined) return '';
  return isMarkup(value) ? value.text : repr(value);
}

/** `repr(value)`. @throws UnsupportedError as `str`. */
export function repr(value: Value): string {
  if (value === undefined) return 'Undefined';
  if (value === null) return 'None';
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'boolean':
      return value ? 'True' : 'False';
    case 'number':
    case 'bigint':
      return String(value);
    default:
      break;
  }
  if (isList(value)) return `[${value.map(repr).join(', ')}]`;
  if (isDict(value)) return dictText(value);
  return taggedText(value);
}

function taggedText(value: Tagged): string {
  switch (value.py) {
    case 'float':
      return floatText(value.value);
    case 'tuple':
      return tupleText(value.items);
    case 'markup':
      return `Markup(${quoted(value.text)})`;
    case 'range':
      return value.step === 1
        ? `range(${value.start}, ${value.stop})`
        : `range(${value.start}, ${value.stop}, ${value.step})`;
    case 'view':
      return `dict_${value.of}(${repr(viewItems(value.dict, value.of))})`;
    case 'iterator':
    case 'function':
    case 'object':
      throw new UnsupportedError(`printing a ${value.py === 'function' ? 'function' : value.typeName}`);
  }
}

export function viewItems(dict: Dict, of: 'keys' | 'values' | 'items'): List {
  if (of === 'keys') return [...dict.keys()];
  if (of === 'values') return [...dict.values()];
  return [...dict].map((pair) => tuple(pair));
}

function dictText(dict: Dict): string {
  return `{${[...dict].map(([key, value]) => `${repr(key)}: ${repr(value)}`).join(', ')}}`;
}

function tupleText(items: List): string {
  return items.length === 1 ? `(${repr(items[0])},)` : `(${items.map(repr).join(', ')})`;
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\\': '\\\\',
};
/** What `str.isprintable` says no to: controls, formats, surrogates, private use, unassigned, separators but the space. */
const UNPRINTABLE = /[\\\x00-\x1f\x7f]|(?! )[\p{C}\p{Z}]/gu;

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(UNPRINTABLE, escapeCharacter);
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

function escapeCharacter(character: string): string {
  const named = NAMED_ESCAPES[character];
  if (named !== undefined) return named;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
