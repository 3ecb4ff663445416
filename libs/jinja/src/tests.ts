import {
  calculate,
  equals,
  isDict,
  isFloat,
  isInteger,
  isIterable,
  isList,
  isMarkup,
  isNumber,
  isTagged,
  isText,
  positionalOnly,
  PythonError,
  str,
  textQuestions,
} from '@kvasir/python-values';
import type { Value } from '@kvasir/python-values';
import type { CompareOperator } from './ast.js';
import type { Test } from './filter.js';
import { compares } from './operators.js';

/** A test that takes no arguments. */
function plain(name: string, holds: (value: Value) => boolean): readonly [string, Test] {
  return [
    name,
    (value, given) => {
      positionalOnly(name, given, [0, 0]);
      return holds(value);
    },
  ];
}

function comparing(
  names: readonly string[],
  operator: CompareOperator,
): readonly (readonly [string, Test])[] {
  return names.map((name) => [
    name,
    (value, given) => compares(operator, value, positionalOnly(name, given, [1, 1])[0]),
  ]);
}

function remainder(value: Value, divisor: Value): Value {
  if (value === undefined) throw new PythonError('UndefinedError', 'a value is undefined');
  return calculate('%', value, divisor);
}

/** `value is other`: the same object. Equal scalars are taken for the same, as Python has them for small ones. */
function isSame(value: Value, other: Value): boolean {
  if (typeof value === 'object' && value !== null) return value === other;
  return typeof value === typeof other && equals(value, other);
}

function isSequence(value: Value): boolean {
  if (value === undefined || isText(value) || isList(value) || isDict(value)) return true;
  return isTagged(value) && (value.py === 'tuple' || value.py === 'range');
}

function isCallable(value: Value): boolean {
  if (value === undefined) return true;
  return isTagged(value) && (value.py === 'function' || (value.py === 'object' && value.call !== undefined));
}

/** All tests of Jinja by name. */
export const tests: ReadonlyMap<string, Test> = new Map<string, Test>([
  plain('boolean', (value) => typeof value === 'boolean'),
  plain('callable', isCallable),
  plain('defined', (value) => value !== undefined),
  plain('escaped', isMarkup),
  plain('even', (value) => equals(remainder(value, 2), 0)),
  plain('false', (value) => value === false),
  plain('float', isFloat),
  plain('integer', (value) => isInteger(value) && typeof value !== 'boolean'),
  plain('iterable', isIterable),
  plain('lower', (value) => textQuestions.islower(str(value))),
  plain('mapping', isDict),
  plain('none', (value) => value === null),
  plain('number', isNumber),
  plain('odd', (value) => equals(remainder(value, 2), 1)),
  plain('sequence', isSequence),
  plain('string', isText),
  plain('true', (value) => value === true),
  plain('undefined', (value) => value === undefined),
  plain('upper', (value) => textQuestions.isupper(str(value))),
  [
    'divisibleby',
    (value, given) => equals(remainder(value, positionalOnly('divisibleby', given, [1, 1])[0]), 0),
  ],
  ['sameas', (value, given) => isSame(value, positionalOnly('sameas', given, [1, 1])[0])],
  ...comparing(['in'], 'in'),
  ...comparing(['==', 'eq', 'equalto'], '=='),
  ...comparing(['!=', 'ne'], '!='),
  ...comparing(['>', 'gt', 'greaterthan'], '>'),
  ...comparing(['>=', 'ge'], '>='),
  ...comparing(['<', 'lt', 'lessthan'], '<'),
  ...comparing(['<=', 'le'], '<='),
]);
