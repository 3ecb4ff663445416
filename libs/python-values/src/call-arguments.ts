import { typeError } from './python-error.js';
import type { CallArguments, List, Value } from './values.js';

/** A parameter: its name, and what it is when left out; alone it must be given. */
export type Parameter = string | readonly [name: string, fallback: Value];

export const NO_NAMED: ReadonlyMap<string, Value> = new Map();

/** Values of the parameters in order, from positions and names. @throws PythonError when they do not fit. */
export function bindArguments(what: string, given: CallArguments, parameters: readonly Parameter[]): List {
  const { positional, named } = given;
  if (positional.length > parameters.length) {
    throw typeError(
      `${what}() takes ${parameters.length} positional arguments but ${positional.length} were given`,
    );
  }
  let usedNames = 0;
  const values = parameters.map((parameter, index) => {
    const name = typeof parameter === 'string' ? parameter : parameter[0];
    const hasName = named.has(name);
    if (hasName) usedNames += 1;
    if (index < positional.length) {
      if (hasName) throw typeError(`${what}() got multiple values for argument '${name}'`);
      return positional[index];
    }
    if (hasName) return named.get(name);
    if (typeof parameter === 'string') throw typeError(`${what}() missing required argument: '${name}'`);
    return parameter[1];
  });
  if (usedNames < named.size) throw typeError(`${what}() got an unexpected keyword argument`);
  return values;
}

/** For what takes no names. @throws PythonError when there are some, or the count of values is outside the limits. */
export function positionalOnly(
  what: string,
  { positional, named }: CallArguments,
  [least, most]: readonly [number, number],
): List {
  if (named.size > 0) throw typeError(`${what}() takes no keyword arguments`);
  if (positional.length < least || positional.length > most) {
    throw typeError(`${what}() takes from ${least} to ${most} arguments (${positional.length} given)`);
  }
  return positional;
}
