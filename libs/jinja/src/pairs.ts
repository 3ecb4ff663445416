import { isDict, iterate, keyOf, listOf, typeError, UnsupportedError } from '@kvasir/python-values';
import type { CallArguments, Key, Value } from '@kvasir/python-values';

/** What `dict(…)` is made of: a mapping or pairs, then names. @throws PythonError */
export function pairsOf(
  what: string,
  { positional, named }: CallArguments,
): readonly (readonly [Key, Value])[] {
  if (positional.length > 1) throw typeError(`${what} expected at most 1 argument, got ${positional.length}`);
  const [first] = positional;
  const pairs = first === undefined ? [] : isDict(first) ? [...first] : Array.from(iterate(first), pairOf);
  return [...pairs, ...named];
}

function pairOf(item: Value): readonly [Key, Value] {
  const [key, value, ...more] = listOf(item);
  if (value === undefined || more.length > 0)
    throw typeError('dictionary update sequence element is no pair');
  return [knownKey(key), value];
}

/** @throws PythonError when it cannot be a key, UnsupportedError when this library has no such keys. */
export function knownKey(value: Value): Key {
  // A bool or a float would be printed as the number that it is equal to.
  const key = typeof value === 'boolean' || typeof value === 'object' ? objectKey(value) : keyOf(value);
  if (key === undefined) throw new UnsupportedError('a key of a dict that is no text or whole number');
  return key;
}

function objectKey(value: Value): Key | undefined {
  if (value === null) return null;
  const key = keyOf(value);
  return typeof key === 'string' ? key : undefined;
}
