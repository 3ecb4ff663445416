import {
  bindArguments,
  calculate,
  compare,
  doubleOf,
  equals,
  float,
  isDict,
  isFloat,
  isInteger,
  isList,
  isNumber,
  isText,
  isTruthy,
  iterate,
  iterator,
  keyOf,
  lengthOf,
  listOf,
  parseInteger,
  PythonError,
  roundDouble,
  roundInteger,
  slice,
  sorted,
  str,
  textOf,
  tuple,
  typeError,
  typeName,
  wholeNumberOr,
} from '@kvasir/python-values';
import type { CallArguments, List, Value } from '@kvasir/python-values';
import { itemOf, ownAttribute } from './attributes.js';
import type { Appliers, Filter } from './filter.js';
import { operate } from './operators.js';

type Getter = (item: Value) => Value;

function lowered(value: Value): Value {
  return isText(value) ? textOf(value).toLowerCase() : value;
}

/** Reads `a.b.0` of an item, in place of what is undefined the default. */
function getterOf(attribute: Value, fallback: Value = null): Getter {
  const parts = partsOf(attribute);
  return (item) => {
    let value = item;
    for (const part of parts) {
      value = itemOf(value, part);
      if (value === undefined && fallback !== null) value = fallback;
    }
    return value;
  };
}

function partsOf(attribute: Value): List {
  if (attribute === null) return [];
  if (!isText(attribute)) return [attribute];
  return textOf(attribute)
    .split('.')
    .map((part) => (/^\d+$/.test(part) ? parseInteger(part) : part));
}

function keyGetter(attribute: Value, isCaseSensitive: Value): Getter {
  const get = getterOf(attribute);
  return isTruthy(isCaseSensitive) ? get : (item) => lowered(get(item));
}

function sort(value: Value, given: CallArguments): Value {
  const [isReversed, isCaseSensitive, attribute] = bindArguments('sort', given, [
    ['reverse', false],
    ['case_sensitive', false],
    ['attribute', null],
  ]);
  const names: List = isText(attribute) ? textOf(attribute).split(',') : [attribute];
  const getters = names.map((name) => keyGetter(name, isCaseSensitive));
  const key: Getter = (item) => getters.map((get) => get(item));
  return sorted(listOf(value), key, isTruthy(isReversed));
}

function dictSort(value: Value, given: CallArguments): Value {
  const [isCaseSensitive, by, isReversed] = bindArguments('dictsort', given, [
    ['case_sensitive', false],
    ['by', 'key'],
    ['reverse', false],
  ]);
  if (by !== 'key' && by !== 'value') {
    throw new PythonError('FilterArgumentError', 'You can only sort by either "key" or "value"');
  }
  if (!isDict(value)) throw typeError(`'${typeName(value)}' object has no attribute 'items'`);
  const pairs = [...value].map((pair) => tuple(pair));
  const key = (pair: Value): Value => {
    const item = itemOf(pair, by === 'key' ? 0 : 1);
    return isTruthy(isCaseSensitive) ? item : lowered(item);
  };
  return sorted(pairs, key, isTruthy(isReversed));
}

function groupBy(value: Value, given: CallArguments): Value {
  const [attribute, fallback, isCaseSensitive] = bindArguments('groupby', given, [
    'attribute',
    ['default', null],
    ['case_sensitive', false],
  ]);
  const get = getterOf(attribute, fallback);
  const key: Getter = isTruthy(isCaseSensitive) ? get : (item) => lowered(get(item));
  const groups: { readonly key: Value; readonly items: Value[] }[] = [];
  for (const item of sorted(listOf(value), key, false)) {
    const last = groups.at(-1);
    if (last !== undefined && equals(last.key, key(item))) last.items.push(item);
    else groups.push({ key: key(item), items: [item] });
  }
  return groups.map((group) => tuple([get(group.items[0]), group.items], ['grouper', 'list']));
}

function* unique(value: Value, given: CallArguments): Generator<Value, void> {
  const [isCaseSensitive, attribute] = bindArguments('unique', given, [
    ['case_sensitive', false],
    ['attribute', null],
  ]);
  const get = keyGetter(attribute, isCaseSensitive);
  const seen: Value[] = [];
  for (const item of iterate(value)) {
    const key = get(item);
    // For the error that Python has about keys that cannot be in a set.
    keyOf(key);
    if (seen.some((other) => equals(other, key))) continue;
    seen.push(key);
    yield item;
  }
}

const extreme =
  (name: 'min' | 'max'): Filter =>
  (value, given) => {
    const [isCaseSensitive, attribute] = bindArguments(name, given, [
      ['case_sensitive', false],
      ['attribute', null],
    ]);
    const get = keyGetter(attribute, isCaseSensitive);
    const [first, ...rest] = listOf(value);
    return rest.reduce<Value>((best, item) => {
      const order = compare(get(item), get(best));
      return (name === 'min' ? order < 0 : order > 0) ? item : best;
    }, first);
  };

function* map(value: Value, given: CallArguments, appliers: Appliers): Generator<Value, void> {
  if (!isTruthy(value)) return;
  const { positional, named } = given;
  if (positional.length === 0 && named.has('attribute')) {
    const [attribute, fallback] = bindArguments('map', given, ['attribute', ['default', null]]);
    const get = getterOf(attribute, fallback);
    for (const item of iterate(value)) yield get(item);
    return;
  }
  const [name, ...rest] = positional;
  if (name === undefined) throw new PythonError('FilterArgumentError', 'map requires a filter argument');
  for (const item of iterate(value)) yield appliers.filter(str(name), item, { positional: rest, named });
}

interface Selection {
  readonly keeps: boolean;
  readonly isByAttribute: boolean;
}

function* select(
  value: Value,
  given: CallArguments,
  appliers: Appliers,
  { keeps, isByAttribute }: Selection,
): Generator<Value, void> {
  if (!isTruthy(value)) return;
  const [attribute, ...others] = isByAttribute ? given.positional : [null, ...given.positional];
  if (attribute === undefined)
    throw new PythonError('FilterArgumentError', 'Missing parameter for attribute name');
  const get = getterOf(attribute);
  const [name, ...rest] = others;
  for (const item of iterate(value)) {
    const tested = get(item);
    const isKept =
      name === undefined
        ? isTruthy(tested)
        : appliers.test(str(name), tested, { positional: rest, named: given.named });
    if (isKept === keeps) yield item;
  }
}

const selecting =
  (selection: Selection): Filter =>
  (value, given, appliers) =>
    iterator('generator', select(value, given, appliers, selection));

function* batch(value: Value, given: CallArguments): Generator<Value, void> {
  const [count, fill] = bindArguments('batch', given, ['linecount', ['fill_with', null]]);
  const size = wholeNumberOr(count, 0);
  let items: Value[] = [];
  for (const item of iterate(value)) {
    if (items.length === size) {
      yield items;
      items = [];
    }
    items.push(item);
  }
  if (items.length === 0) return;
  if (fill !== null) while (items.length < size) items.push(fill);
  yield items;
}

function* slices(value: Value, given: CallArguments): Generator<Value, void> {
  const [count, fill] = bindArguments('slice', given, ['slices', ['fill_with', null]]);
  const items = listOf(value);
  const parts = wholeNumberOr(count, 0);
  const least = Math.floor(items.length / parts);
  const longer = items.length % parts;
  let at = 0;
  for (let part = 0; part < parts; part += 1) {
    const end = at + least + (part < longer ? 1 : 0);
    const taken = items.slice(at, end);
    yield fill !== null && part >= longer ? [...taken, fill] : taken;
    at = end;
  }
}

function round(value: Value, given: CallArguments): Value {
  const [precisionValue, method] = bindArguments('round', given, [
    ['precision', 0],
    ['method', 'common'],
  ]);
  if (method !== 'common' && method !== 'ceil' && method !== 'floor') {
    throw new PythonError('FilterArgumentError', 'method must be common, ceil or floor');
  }
  if (!isNumber(value)) throw typeError(`type ${typeName(value)} doesn't define __round__ method`);
  const precision = wholeNumberOr(precisionValue, 0);
  if (method !== 'common') {
    const unit = 10 ** precision;
    return float((method === 'ceil' ? Math.ceil : Math.floor)(doubleOf(value) * unit) / unit);
  }
  if (isFloat(value)) return float(roundDouble(value.value, precision));
  return precision >= 0
    ? calculate('+', value, 0)
    : calculate('+', roundInteger(BigInt(value), precision), 0);
}

function sum(value: Value, given: CallArguments): Value {
  const [attribute, start] = bindArguments('sum', given, [
    ['attribute', null],
    ['start', 0],
  ]);
  if (isText(start)) throw typeError("sum() can't sum strings [use ''.join(seq) instead]");
  const get = getterOf(attribute);
  let total: Value = start satisfies Value;
  for (const item of iterate(value)) total = operate('+', total, get(item));
  return total;
}

function join(value: Value, given: CallArguments): string {
  const [separator, attribute] = bindArguments('join', given, [
    ['d', ''],
    ['attribute', null],
  ]);
  const get = getterOf(attribute);
  return Array.from(iterate(value), (item) => str(get(item))).join(str(separator));
}

function reverse(value: Value): Value {
  if (isText(value)) return slice(textOf(value), [null, null, -1]);
  const items = [...iterate(value)].reverse();
  const isAlive =
    !isList(value) && typeof value === 'object' && value !== null && 'py' in value && value.py === 'iterator';
  return isAlive ? items : iterator(`${typeName(value)}_reverseiterator`, items.values());
}

function last(value: Value): Value {
  if (typeof value === 'object' && value !== null && 'py' in value && value.py === 'iterator') {
    throw typeError(`'${typeName(value)}' object is not reversible`);
  }
  return listOf(value).at(-1);
}

function first(value: Value): Value {
  for (const item of iterate(value)) return item;
  return undefined;
}

function absolute(value: Value): Value {
  if (isFloat(value)) return float(Math.abs(value.value));
  if (!isInteger(value)) throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
  return Number(value) < 0 ? calculate('*', value, -1) : calculate('+', value, 0);
}

function fallBack(value: Value, given: CallArguments): Value {
  const [fallback, isAboutTruth] = bindArguments('default', given, [
    ['default_value', ''],
    ['boolean', false],
  ]);
  return value === undefined || (isTruthy(isAboutTruth) && !isTruthy(value)) ? fallback : value;
}

function* items(value: Value): Generator<Value, void> {
  if (value === undefined) return;
  if (!isDict(value)) throw typeError('Can only get item pairs from a mapping.');
  for (const pair of value) yield tuple(pair);
}

function attribute(value: Value, given: CallArguments): Value {
  const [name] = bindArguments('attr', given, ['name']);
  return value === undefined ? undefined : ownAttribute(value, str(name));
}

const generating =
  (make: (value: Value, given: CallArguments, appliers: Appliers) => Iterator<Value>): Filter =>
  (value, given, appliers) =>
    iterator('generator', make(value, given, appliers));

/** Filters that pick from, order or measure values. */
export const sequenceFilters: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['abs', absolute],
  ['attr', attribute],
  ['batch', generating(batch)],
  ['count', lengthOf],
  ['d', fallBack],
  ['default', fallBack],
  ['dictsort', dictSort],
  ['first', first],
  ['groupby', groupBy],
  ['items', generating(items)],
  ['join', join],
  ['last', last],
  ['length', lengthOf],
  ['list', (value) => listOf(value)],
  ['map', generating(map)],
  ['max', extreme('max')],
  ['min', extreme('min')],
  ['reject', selecting({ keeps: false, isByAttribute: false })],
  ['rejectattr', selecting({ keeps: false, isByAttribute: true })],
  ['reverse', reverse],
  ['round', round],
  ['select', selecting({ keeps: true, isByAttribute: false })],
  ['selectattr', selecting({ keeps: true, isByAttribute: true })],
  ['slice', generating(slices)],
  ['sort', sort],
  ['sum', sum],
  ['unique', generating(unique)],
]);
