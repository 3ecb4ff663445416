import { hasLoneSurrogate } from './characters.js';
import { sorted } from './compare.js';
import { floatText } from './numbers.js';
import { typeError } from './python-error.js';
import { UnsupportedError } from './unsupported-error.js';
import { isDict, isList, isTagged, textOf, typeName } from './values.js';
import type { Dict, Key, Value } from './values.js';

/** Arguments of `json.dumps` that templates may give. */
export interface JsonOptions {
  readonly isAscii: boolean;
  /** What a level is indented by; null for one line. */
  readonly indent: string | null;
  readonly separators: readonly [item: string, key: string];
  readonly sortsKeys: boolean;
}

/** `json.dumps(value, …)`. @throws PythonError for values that JSON does not have. */
export function printJson(value: Value, options: JsonOptions): string {
  return printValue(value, options, 0);
}

function printValue(value: Value, options: JsonOptions, depth: number): string {
  if (typeof value === 'string') return printText(value, options);
  if (value === null) return 'null';
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint')
    return String(value);
  if (isList(value)) return printArray(value, options, depth);
  if (isDict(value)) return printObject(value, options, depth);
  if (isTagged(value)) {
    if (value.py === 'float') return printFloat(value.value);
    if (value.py === 'tuple') return printArray(value.items, options, depth);
    if (value.py === 'markup') return printText(textOf(value), options);
  }
  throw typeError(`Object of type ${typeName(value)} is not JSON serializable`);
}

function printFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  return floatText(value);
}

function printArray(items: readonly Value[], options: JsonOptions, depth: number): string {
  if (items.length === 0) return '[]';
  const printed = items.map((item) => printValue(item, options, depth + 1));
  return `[${layOut(printed, options, depth)}]`;
}

function printObject(dict: Dict, options: JsonOptions, depth: number): string {
  if (dict.size === 0) return '{}';
  const entries = options.sortsKeys ? sortedEntries(dict) : [...dict];
  const printed = entries.map(
    ([key, value]) => printKey(key, options) + options.separators[1] + printValue(value, options, depth + 1),
  );
  return `{${layOut(printed, options, depth)}}`;
}

function sortedEntries(dict: Dict): readonly (readonly [Key, Value])[] {
  const keys = sorted([...dict.keys()], (key) => key, false) as readonly Key[];
  return keys.map((key) => [key, dict.get(key)]);
}

function printKey(key: Key, options: JsonOptions): string {
  if (typeof key === 'string') return printText(key, options);
  return key === null ? '"null"' : `"${key}"`;
}

function layOut(printed: readonly string[], { indent, separators }: JsonOptions, depth: number): string {
  if (indent === null) return printed.join(separators[0]);
  const inner = `\n${indent.repeat(depth + 1)}`;
  return inner + printed.join(separators[0] + inner) + `\n${indent.repeat(depth)}`;
}

const PLAIN = /^[^"\\\x00-\x1f\x7f-\uffff]*$/;

function printText(text: string, { isAscii }: JsonOptions): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!isAscii && hasLoneSurrogate(text)) throw new UnsupportedError('half a surrogate pair');
  // Both languages write the same short escapes, and \u00XX for other controls.
  const printed = JSON.stringify(text);
  if (!isAscii) return printed;
  return printed.replace(
    /[\x7f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
