import {
  itemAt,
  listOf,
  positionalOnly,
  PythonError,
  pyFunction,
  rangeOf,
  str,
  typeError,
  UnsupportedError,
} from '@kvasir/python-values';
import type { CallArguments, List, PyObject, Value } from '@kvasir/python-values';
import { Frame } from './frame.js';
import type { Surroundings } from './frame.js';
import { makeNamespace } from './namespace.js';
import { pairsOf } from './pairs.js';
import { RaisedError } from './raised-error.js';

function makeJoiner(given: CallArguments): PyObject {
  const [separator = ', '] = positionalOnly('joiner', given, [0, 1]);
  let isUsed = false;
  return {
    py: 'object',
    typeName: 'Joiner',
    attribute: () => undefined,
    call: () => {
      if (isUsed) return separator;
      isUsed = true;
      return '';
    },
  };
}

function makeCycler({ positional }: CallArguments): PyObject {
  if (positional.length === 0) throw new PythonError('RuntimeError', 'at least one item has to be provided');
  let at = 0;
  const methods: ReadonlyMap<string, () => Value> = new Map<string, () => Value>([
    ['next', () => nextOf(positional, at++)],
    [
      'reset',
      () => {
        at = 0;
        return null;
      },
    ],
  ]);
  return {
    py: 'object',
    typeName: 'Cycler',
    attribute: (name) => {
      if (name === 'current') return nextOf(positional, at);
      const method = methods.get(name);
      return method === undefined ? undefined : pyFunction(name, method);
    },
  };
}

function nextOf(items: List, at: number): Value {
  return itemAt(items, at % items.length);
}

/** The outermost scope: what every template can call. */
export function globalFrame(surroundings: Surroundings): Frame {
  const frame = new Frame(null, { chunks: [] });
  const define = (name: string, call: (given: CallArguments) => Value): void =>
    frame.set(name, pyFunction(name, call));
  define('range', (given) => rangeOf(listOf(positionalOnly('range', given, [1, 3]))));
  define('dict', (given) => new Map(pairsOf('dict', given)));
  define('namespace', makeNamespace);
  define('joiner', makeJoiner);
  define('cycler', makeCycler);
  define('lipsum', () => {
    throw new UnsupportedError('lipsum');
  });
  define('raise_exception', (given) => {
    const [message] = [...given.positional, ...given.named.values()];
    if (given.positional.length + given.named.size !== 1)
      throw typeError('raise_exception() takes one argument');
    throw new RaisedError(str(message));
  });
  define('strftime_now', (given) => {
    const [format] = [...given.positional, ...given.named.values()];
    const text = surroundings.strftimeNow(str(format));
    if (text === null) throw new UnsupportedError('this format of a date');
    return text;
  });
  return frame;
}
