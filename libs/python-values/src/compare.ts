import { isFloat, isDict, isList, isNumber, isText, isTuple, textOf, typeName } from './values.js';
import { doubleOf, integerOf } from './numbers.js';
import { viewItems } from './print.js';
import { PythonError, typeError } from './python-error.js';
import { iterate, lengthOrNull } from './sequences.js';
import type { Dict, Key, List, Value } from './values.js';

/** `bool(value)`. */
export function isTruthy(value: Value): boolean {
  if (typeof value === 'string') return value !== '';
  if (typeof value === 'boolean') return value;
  if (value === undefined || value === null) return false;
  if (isNumber(value)) return doubleOf(value) !== 0;
  return (lengthOrNull(value) ?? 1) > 0;
}

/** `left == right`. */
export function equals(left: Value, right: Value): boolean {
  if (left === right) return true;
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right) === 0;
  if (isText(left) && isText(right)) return textOf(left) === textOf(right);
  if (isList(left) && isList(right)) return equalItems(left, right);
  if (isTuple(left) && isTuple(right)) return equalItems(left.items, right.items);
  if (isDict(left) && isDict(right)) return equalDicts(left, right);
  if (isView(left) && isView(right))
    return equalItems(viewItems(left.dict, left.of), viewItems(right.dict, right.of));
  return false;
}

function isView(value: Value): value is Extract<Value, { readonly py: 'view' }> {
  return typeof value === 'object' && value !== null && 'py' in value && value.py === 'view';
}

function equalItems(left: List, right: List): boolean {
  return left.length === right.length && left.every((item, index) => equals(item, right[index]));
}

function equalDicts(left: Dict, right: Dict): boolean {
  return (
    left.size === right.size &&
    [...left].every(([key, value]) => right.has(key) && equals(value, right.get(key)))
  );
}

type Numeric = Parameters<typeof doubleOf>[0];

/** Negative, zero or positive; NaN when either is no number. */
function compareNumbers(left: Numeric, right: Numeric): number {
  if (isFloat(left) || isFloat(right)) {
    const [a, b] = [doubleOf(left), doubleOf(right)];
    return a === b ? 0 : a - b;
  }
  const [a, b] = [integerOf(left), integerOf(right)];
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Python's order: of numbers, texts, and sequences of them. @throws PythonError for types without one. */
export function compare(left: Value, right: Value, operator = '<'): number {
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right);
  if (isText(left) && isText(right)) return compareTexts(textOf(left), textOf(right));
  if (isList(left) && isList(right)) return compareItems(left, right, operator);
  if (isTuple(left) && isTuple(right)) return compareItems(left.items, right.items, operator);
  if (left === undefined || right === undefined) throw new PythonError('UndefinedError', 'is undefined');
  throw typeError(
    `'${operator}' not supported between instances of '${typeName(left)}' and '${typeName(right)}'`,
  );
}

/** By code points, where JavaScript goes by UTF-16 units. */
function compareTexts(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    if (left.charCodeAt(at) === right.charCodeAt(at)) continue;
    return (left.codePointAt(at) ?? 0) - (right.codePointAt(at) ?? 0);
  }
  return left.length - right.length;
}

function compareItems(left: List, right: List, operator: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    if (!equals(left[at], right[at])) return compare(left[at], right[at], operator);
  }
  return left.length - right.length;
}

/** `item in container`. @throws PythonError when the container is none. */
export function contains(container: Value, item: Value): boolean {
  if (isText(container)) {
    if (!isText(item)) {
      throw typeError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
    }
    return textOf(container).includes(textOf(item));
  }
  if (isDict(container)) {
    const key = keyOf(item);
    return key !== undefined && container.has(key);
  }
  if (isNumber(container) || container === null) {
    throw typeError(`argument of type '${typeName(container)}' is not iterable`);
  }
  for (const candidate of iterate(container)) if (equals(candidate, item)) return true;
  return false;
}

/** The key that a value is in a dict; `undefined` when no key of ours is equal to it. @throws PythonError when it cannot be one. */
export function keyOf(value: Value): Key | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  if (isText(value)) return textOf(value);
  if (typeof value === 'boolean') return Number(value);
  if (isFloat(value)) return Number.isSafeInteger(value.value) ? value.value : undefined;
  if (isList(value) || isDict(value)) throw typeError(`unhashable type: '${typeName(value)}'`);
  return undefined;
}

/** `sorted(items, key=…)`, stable. @throws PythonError when two keys have no order. */
export function sorted(items: List, keyOfItem: (item: Value) => Value, isReversed: boolean): List {
  const entries = items.map((item) => ({ item, key: keyOfItem(item) }));
  entries.sort((a, b) => (isReversed ? compare(b.key, a.key) : compare(a.key, b.key)));
  return entries.map(({ item }) => item);
}
