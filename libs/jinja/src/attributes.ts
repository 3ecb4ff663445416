import {
  dictMethod,
  isDict,
  isList,
  isText,
  itemAt,
  keyOf,
  listMethod,
  PythonError,
  pyFunction,
  textMethod,
  tupleMethod,
  typeName,
  UnsupportedError,
} from '@kvasir/python-values';
import type { CallArguments, Value } from '@kvasir/python-values';

/** Attributes that numbers have in Python. */
const OF_NUMBERS = new Set(
  'as_integer_ratio bit_count bit_length conjugate denominator from_bytes fromhex hex imag is_integer numerator real to_bytes'.split(
    ' ',
  ),
);

/** `value.name` as a sandboxed environment has it: an attribute, else an item. @throws PythonError of undefined values */
export function attributeOf(value: Value, name: string): Value {
  if (value === undefined) throw new PythonError('UndefinedError', `'${name}' of an undefined value`);
  const attribute = ownAttribute(value, name);
  if (attribute !== undefined) return attribute;
  return isDict(value) && !hidesFromTemplates(value, name) ? value.get(name) : undefined;
}

/** `value[key]`: an item, else an attribute. @throws PythonError of undefined values */
export function itemOf(value: Value, key: Value): Value {
  if (value === undefined) throw new PythonError('UndefinedError', 'an item of an undefined value');
  if (isDict(value)) {
    const known = isList(key) || isDict(key) ? undefined : keyOf(key);
    if (known !== undefined && value.has(known)) return value.get(known);
  } else {
    const item = itemAt(value, key);
    if (item !== undefined) return item;
  }
  return isText(key) && typeof key === 'string' ? ownAttribute(value, key) : undefined;
}

/** An attribute without looking for an item, as the filter `attr` does. `undefined` when there is none, or it is hidden. */
export function ownAttribute(value: Value, name: string): Value {
  if (name.startsWith('__')) throw new UnsupportedError('an attribute that begins with two underscores');
  if (value === null || value === undefined) return undefined;
  switch (typeof value) {
    case 'string':
      return bound(name, textMethod(name), value);
    case 'number':
    case 'bigint':
    case 'boolean':
      return missing(OF_NUMBERS.has(name) ? `int.${name}` : null);
    default:
      break;
  }
  if (isList(value)) return bound(name, visible(listMethod(name)), value);
  if (isDict(value)) return bound(name, visible(dictMethod(name)), value);
  switch (value.py) {
    case 'tuple': {
      const position = value.names.indexOf(name);
      return position >= 0 ? value.items[position] : bound(name, tupleMethod(name), value.items);
    }
    case 'object':
      return value.attribute(name);
    case 'markup':
      return missing(textMethod(name) === null ? null : 'a method of a safe text');
    case 'float':
      return missing(OF_NUMBERS.has(name) ? `float.${name}` : null);
    case 'range':
    case 'view':
    case 'iterator':
    case 'function':
      throw new UnsupportedError(`an attribute of a ${typeName(value)}`);
  }
}

function visible<Method>(method: Method | 'unsafe' | null): Method | null {
  return method === 'unsafe' ? null : method;
}

/** What a sandbox hides is undefined even where there is an item of that name. */
function hidesFromTemplates(value: Value, name: string): boolean {
  return isDict(value) && dictMethod(name) === 'unsafe';
}

/** Nothing, unless Python has something there that is named. */
function missing(what: string | null): Value {
  if (what !== null) throw new UnsupportedError(what);
  return undefined;
}

function bound<Self>(
  name: string,
  method: ((self: Self, given: CallArguments) => Value) | null,
  self: Self,
): Value {
  return method === null ? undefined : pyFunction(name, (given) => method(self, given));
}
