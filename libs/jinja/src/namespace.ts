import { isDict, PythonError } from '@kvasir/python-values';
import type { CallArguments, PyObject, Value } from '@kvasir/python-values';
import { pairsOf } from './pairs.js';

/** What `namespace(…)` makes: variables that inner scopes may set. */
export interface Namespace extends PyObject {
  readonly typeName: 'Namespace';
  readonly set: (name: string, value: Value) => void;
}

export function makeNamespace(given: CallArguments): Namespace {
  const values = new Map<string, Value>();
  for (const [name, value] of pairsOf('namespace', given)) values.set(String(name), value);
  return {
    py: 'object',
    typeName: 'Namespace',
    attribute: (name) => values.get(name),
    set: (name, value) => values.set(name, value),
  };
}

/** @throws PythonError when the value is no namespace. */
export function setInNamespace(namespace: Value, name: string, value: Value): void {
  if (isNamespace(namespace)) namespace.set(name, value);
  else throw new PythonError('TemplateRuntimeError', 'cannot assign attribute on non-namespace object');
}

function isNamespace(value: Value): value is Namespace {
  return typeof value === 'object' && value !== null && !isDict(value) && 'set' in value;
}
