import { positionalOnly } from './call-arguments.js';
import { equals, keyOf } from './compare.js';
import { PythonError, typeError, valueError } from './python-error.js';
import { UnsupportedError } from './unsupported-error.js';
import type { CallArguments, Dict, List, Value } from './values.js';

type DictMethod = (dict: Dict, given: CallArguments) => Value;
type ListMethod = (items: List, given: CallArguments) => Value;

/** What changes a `dict` or a `list`, which a sandbox hides. */
const CHANGES_DICT = new Set(['clear', 'pop', 'popitem', 'setdefault', 'update']);
const CHANGES_LIST = new Set(['append', 'clear', 'pop', 'reverse', 'insert', 'sort', 'extend', 'remove']);

function view(of: 'keys' | 'values' | 'items'): DictMethod {
  return (dict, given) => {
    positionalOnly(of, given, [0, 0]);
    return { py: 'view', of, dict };
  };
}

const DICT_METHODS: ReadonlyMap<string, DictMethod> = new Map<string, DictMethod>([
  ['keys', view('keys')],
  ['values', view('values')],
  ['items', view('items')],
  [
    'get',
    (dict, given) => {
      const [key, fallback = null] = positionalOnly('get', given, [1, 2]);
      const known = keyOf(key);
      return known !== undefined && dict.has(known) ? dict.get(known) : fallback;
    },
  ],
  [
    'copy',
    (dict, given) => {
      positionalOnly('copy', given, [0, 0]);
      return dict;
    },
  ],
  [
    'fromkeys',
    () => {
      throw new UnsupportedError('dict.fromkeys');
    },
  ],
]);

const LIST_METHODS: ReadonlyMap<string, ListMethod> = new Map<string, ListMethod>([
  [
    'copy',
    (items, given) => {
      positionalOnly('copy', given, [0, 0]);
      return items;
    },
  ],
  [
    'count',
    (items, given) => {
      const [wanted] = positionalOnly('count', given, [1, 1]);
      return items.filter((item) => equals(item, wanted)).length;
    },
  ],
  [
    'index',
    (items, given) => {
      const [wanted, start = 0, stop = items.length] = positionalOnly('index', given, [1, 3]);
      if (typeof start !== 'number' || typeof stop !== 'number')
        throw typeError('slice indices must be integers');
      const searched = items.slice(0, stop);
      const from = start < 0 ? Math.max(0, start + items.length) : start;
      const at = searched.findIndex((item, index) => index >= from && equals(item, wanted));
      if (at < 0) throw valueError('value is not in list');
      return at;
    },
  ],
]);

/** A method of `dict` by name, null when Python has none, `unsafe` when it would change it. */
export function dictMethod(name: string): DictMethod | 'unsafe' | null {
  return DICT_METHODS.get(name) ?? (CHANGES_DICT.has(name) ? 'unsafe' : null);
}

/** A method of `list` by name, as `dictMethod`. */
export function listMethod(name: string): ListMethod | 'unsafe' | null {
  return LIST_METHODS.get(name) ?? (CHANGES_LIST.has(name) ? 'unsafe' : null);
}

/** A method of `tuple` by name: those of a list that change nothing. */
export function tupleMethod(name: string): ListMethod | null {
  return name === 'copy' ? null : (LIST_METHODS.get(name) ?? null);
}

/** What a sandbox says when a method is called that it hides. */
export function unsafeError(name: string, type: string): PythonError {
  return new PythonError('SecurityError', `access to attribute '${name}' of '${type}' object is unsafe.`);
}
