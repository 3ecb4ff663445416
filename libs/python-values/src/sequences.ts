import { characterCount, characters } from './characters.js';
import { viewItems } from './print.js';
import { PythonError, typeError, valueError } from './python-error.js';
import { isDict, isInteger, isList, isTagged, isText, isTuple, textOf, tuple, typeName } from './values.js';
import type { List, PyRange, Value } from './values.js';

/** `iter(value)`. @throws PythonError when it cannot be walked. */
export function iterate(value: Value): Iterable<Value> {
  if (value === undefined) return [];
  if (isList(value)) return value;
  if (isText(value)) return characters(textOf(value));
  if (isDict(value)) return value.keys();
  if (typeof value === 'object' && value !== null) {
    switch (value.py) {
      case 'tuple':
        return value.items;
      case 'range':
        return rangeItems(value);
      case 'view':
        return viewItems(value.dict, value.of);
      case 'iterator':
        // Without `return`: a walk that is left early leaves the rest.
        return { [Symbol.iterator]: () => ({ next: () => value.iterator.next() }) };
      case 'object':
        if (value.items !== undefined) return { [Symbol.iterator]: value.items };
        break;
      case 'float':
      case 'function':
        break;
    }
  }
  throw typeError(`'${typeName(value)}' object is not iterable`);
}

export function isIterable(value: Value): boolean {
  if (value === undefined || isList(value) || isText(value) || isDict(value)) return true;
  if (typeof value !== 'object' || value === null) return false;
  return (
    ['tuple', 'range', 'view', 'iterator'].includes(value.py) ||
    (value.py === 'object' && value.items !== undefined)
  );
}

/** `list(value)`. A walk of more than one item through an iterator empties it. */
export function listOf(value: Value): List {
  return isList(value) ? value : [...iterate(value)];
}

/** `len(value)`, null when it has none. */
export function lengthOrNull(value: Value): number | null {
  if (value === undefined) return 0;
  if (isText(value)) return characterCount(textOf(value));
  if (isList(value)) return value.length;
  if (isDict(value)) return value.size;
  if (typeof value !== 'object' || value === null) return null;
  switch (value.py) {
    case 'tuple':
      return value.items.length;
    case 'range':
      return rangeLength(value);
    case 'view':
      return value.dict.size;
    case 'object':
      return value.length?.() ?? null;
    case 'float':
    case 'iterator':
    case 'function':
      return null;
  }
}

/** `len(value)`. @throws PythonError when it has none. */
export function lengthOf(value: Value): number {
  const length = lengthOrNull(value);
  if (length === null) throw typeError(`object of type '${typeName(value)}' has no len()`);
  return length;
}

function rangeLength({ start, stop, step }: PyRange): number {
  return Math.max(0, Math.ceil((stop - start) / step));
}

function rangeItems(range: PyRange): List {
  return Array.from({ length: rangeLength(range) }, (_, index) => range.start + index * range.step);
}

/** Items by position: of a `str` its characters. Null when the value is no sequence. */
function sequenceOf(value: Value): string | readonly Value[] | null {
  if (isText(value)) return characters(textOf(value));
  if (isList(value)) return value;
  if (isTuple(value)) return value.items;
  if (isRange(value)) return rangeItems(value);
  return null;
}

/** `value[position]` of a sequence; `undefined` when it is out of range or the value is none. */
export function itemAt(value: Value, position: Value): Value {
  const items = sequenceOf(value);
  if (items === null || !isInteger(position)) return undefined;
  return items.at(Number(position));
}

/** `value[start:stop:step]`, null being a bound that is left out. @throws PythonError */
export function slice(value: Value, bounds: readonly [Value, Value, Value]): Value {
  if (isText(value)) return sliceText(textOf(value), bounds);
  if (isRange(value)) return sliceRange(value, bounds);
  const items = sequenceOf(value);
  if (items === null || typeof items === 'string') {
    throw typeError(`'${typeName(value)}' object is not subscriptable`);
  }
  const picked = pick(items, slicePositions(items.length, bounds));
  return isTuple(value) ? tuple(picked) : picked;
}

function isRange(value: Value): value is PyRange {
  return isTagged(value) && value.py === 'range';
}

function sliceRange(range: PyRange, bounds: readonly [Value, Value, Value]): PyRange {
  const { from, to, step } = slicePositions(rangeLength(range), bounds);
  return {
    py: 'range',
    start: range.start + from * range.step,
    stop: range.start + to * range.step,
    step: range.step * step,
  };
}

/** `text[start:stop:step]`. @throws PythonError */
export function sliceText(text: string, bounds: readonly [Value, Value, Value]): string {
  const all = characters(text);
  const positions = slicePositions(all.length, bounds);
  if (typeof all !== 'string') return pick(all, positions).join('');
  const { from, to, step } = positions;
  return step === 1 ? all.slice(from, Math.max(from, to)) : pick(all.split(''), positions).join('');
}

interface Positions {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

function pick<Item>(items: readonly Item[], { from, to, step }: Positions): readonly Item[] {
  if (step === 1) return items.slice(from, Math.max(from, to));
  const picked: Item[] = [];
  for (let at = from; step > 0 ? at < to : at > to; at += step) picked.push(...items.slice(at, at + 1));
  return picked;
}

function slicePositions(length: number, [start, stop, stepValue]: readonly [Value, Value, Value]): Positions {
  const step = boundOf(stepValue) ?? 1;
  if (step === 0) throw valueError('slice step cannot be zero');
  const [lowest, highest] = step > 0 ? [0, length] : [-1, length - 1];
  const place = (value: Value, fallback: number): number => {
    const bound = boundOf(value);
    if (bound === null) return fallback;
    return Math.min(highest, Math.max(lowest, bound < 0 ? bound + length : bound));
  };
  return { from: place(start, step > 0 ? 0 : length - 1), to: place(stop, step > 0 ? length : -1), step };
}

function boundOf(value: Value): number | null {
  if (value === null) return null;
  if (isInteger(value)) return Number(value);
  throw typeError('slice indices must be integers or None or have an __index__ method');
}

/** Items a `range` may have in a sandbox. */
const RANGE_MAX = 100_000;

/** `range(…)`. @throws PythonError */
export function rangeOf(given: List): PyRange {
  const [first, second, step = 1] = given.map((value) => {
    if (isInteger(value)) return Number(value);
    throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
  });
  if (first === undefined || given.length > 3) throw typeError('range expected 1 to 3 arguments');
  if (step === 0) throw valueError('range() arg 3 must not be zero');
  const range: PyRange =
    second === undefined
      ? { py: 'range', start: 0, stop: first, step: 1 }
      : { py: 'range', start: first, stop: second, step };
  if (rangeLength(range) > RANGE_MAX) throw new PythonError('OverflowError', 'Range too big');
  return range;
}
