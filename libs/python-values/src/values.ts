/** What Python's `dict` may have as a key here: JSON has texts only, templates add whole numbers and None. */
export type Key = string | number | null;

export type List = readonly Value[];
export type Dict = ReadonlyMap<Key, Value>;

/** A `float`. Whole numbers are JavaScript numbers while they are exact, bigints beyond. */
export interface PyFloat {
  readonly py: 'float';
  readonly value: number;
}

export interface PyTuple {
  readonly py: 'tuple';
  readonly items: List;
  /** Names of the items of a named tuple; empty otherwise. */
  readonly names: readonly string[];
}

/** A text that is marked as safe HTML (`markupsafe.Markup`). */
export interface Markup {
  readonly py: 'markup';
  readonly text: string;
}

export interface PyRange {
  readonly py: 'range';
  readonly start: number;
  readonly stop: number;
  readonly step: number;
}

export interface DictView {
  readonly py: 'view';
  readonly of: 'keys' | 'values' | 'items';
  readonly dict: Dict;
}

/** A generator: can be walked once. */
export interface PyIterator {
  readonly py: 'iterator';
  readonly typeName: string;
  readonly iterator: Iterator<Value>;
}

export interface CallArguments {
  readonly positional: List;
  readonly named: ReadonlyMap<string, Value>;
}

export interface PyFunction {
  readonly py: 'function';
  readonly name: string;
  readonly call: (given: CallArguments) => Value;
}

/** An object with attributes, such as a namespace or the variable of a loop. */
export interface PyObject {
  readonly py: 'object';
  readonly typeName: string;
  /** `undefined` when there is no such attribute. */
  readonly attribute: (name: string) => Value;
  /** Absent: not callable. */
  readonly call?: (given: CallArguments) => Value;
  /** Absent: no length. */
  readonly length?: () => number;
  /** Absent: cannot be walked. */
  readonly items?: () => Iterator<Value>;
}

export type Tagged = PyFloat | PyTuple | Markup | PyRange | DictView | PyIterator | PyFunction | PyObject;

/** A value as Python has it; `undefined` is Jinja's Undefined, `null` is None. Never changed once made. */
export type Value = undefined | null | boolean | number | bigint | string | List | Dict | Tagged;

export const float = (value: number): PyFloat => ({ py: 'float', value });

export const tuple = (items: List, names: readonly string[] = []): PyTuple => ({ py: 'tuple', items, names });

export const markup = (text: string): Markup => ({ py: 'markup', text });

export function iterator(typeName: string, items: Iterator<Value>): PyIterator {
  return { py: 'iterator', typeName, iterator: items };
}

export function pyFunction(name: string, call: (given: CallArguments) => Value): PyFunction {
  return { py: 'function', name, call };
}

export function isList(value: Value): value is List {
  return Array.isArray(value);
}

export function isDict(value: Value): value is Dict {
  return value instanceof Map;
}

export function isTagged(value: Value): value is Tagged {
  return typeof value === 'object' && value !== null && 'py' in value;
}

export function isFloat(value: Value): value is PyFloat {
  return isTagged(value) && value.py === 'float';
}

export function isTuple(value: Value): value is PyTuple {
  return isTagged(value) && value.py === 'tuple';
}

export function isMarkup(value: Value): value is Markup {
  return isTagged(value) && value.py === 'markup';
}

/** A `str`, marked as safe or not. */
export function isText(value: Value): value is string | Markup {
  return typeof value === 'string' || isMarkup(value);
}

/** The characters of a `str`. */
export function textOf(value: string | Markup): string {
  return typeof value === 'string' ? value : value.text;
}

/** An `int`, which a `bool` is too. */
export function isInteger(value: Value): value is number | bigint | boolean {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
}

export function isNumber(value: Value): value is number | bigint | boolean | PyFloat {
  return isInteger(value) || isFloat(value);
}

/** The name of its type, as Python's messages have it. */
export function typeName(value: Value): string {
  if (value === undefined) return 'Undefined';
  if (value === null) return 'NoneType';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number' || typeof value === 'bigint') return 'int';
  if (isList(value)) return 'list';
  if (isDict(value)) return 'dict';
  switch (value.py) {
    case 'markup':
      return 'Markup';
    case 'view':
      return `dict_${value.of}`;
    case 'iterator':
    case 'object':
      return value.typeName;
    case 'float':
    case 'tuple':
    case 'range':
    case 'function':
      return value.py;
  }
}
