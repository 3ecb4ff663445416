import {
  calculate,
  compare,
  contains,
  equals,
  formatPercent,
  isFloat,
  isInteger,
  isList,
  isMarkup,
  isNumber,
  isText,
  isTuple,
  markup,
  negate,
  PythonError,
  str,
  textOf,
  tuple,
  typeError,
  typeName,
  UnsupportedError,
} from '@kvasir/python-values';
import type { Arithmetic, Value } from '@kvasir/python-values';
import type { CompareOperator } from './ast.js';

/** Characters of a text made by repeating; a template that wants more is not rendered here. */
const REPEATED_UNITS_MAX = 16_777_216;

/** `left operator right`. @throws PythonError, UnsupportedError */
export function operate(operator: Arithmetic, left: Value, right: Value): Value {
  if (left === undefined || right === undefined)
    throw new PythonError('UndefinedError', 'a value is undefined');
  if (operator === '+') return add(left, right);
  if (operator === '*') return multiply(left, right);
  if (operator === '%' && isText(left)) {
    if (isMarkup(left)) throw new UnsupportedError('% of a safe text');
    return formatPercent(left, right);
  }
  return calculate(operator, left, right);
}

function add(left: Value, right: Value): Value {
  if (isText(left) && isText(right)) {
    if (typeof left === 'string' && typeof right === 'string') return left + right;
    return markup(escaped(left) + escaped(right));
  }
  if (isList(left) && isList(right)) return [...left, ...right];
  if (isTuple(left) && isTuple(right)) return tuple([...left.items, ...right.items]);
  if (isNumber(left) && isNumber(right)) return calculate('+', left, right);
  if (isText(left)) throw typeError(`can only concatenate str (not "${typeName(right)}") to str`);
  throw typeError(`unsupported operand type(s) for +: '${typeName(left)}' and '${typeName(right)}'`);
}

function multiply(left: Value, right: Value): Value {
  if (isNumber(left) && isNumber(right)) return calculate('*', left, right);
  const [sequence, count] = isInteger(left) ? [right, left] : [left, right];
  if (!isInteger(count)) throw typeError(`can't multiply sequence by non-int of type '${typeName(count)}'`);
  const times = Math.max(0, Number(count));
  if (isText(sequence)) {
    if (times * textOf(sequence).length > REPEATED_UNITS_MAX)
      throw new UnsupportedError('a text repeated so often');
    const repeated = textOf(sequence).repeat(times);
    return isMarkup(sequence) ? markup(repeated) : repeated;
  }
  if (!isList(sequence) && !isTuple(sequence)) {
    throw typeError(`unsupported operand type(s) for *: '${typeName(left)}' and '${typeName(right)}'`);
  }
  const items = isList(sequence) ? sequence : sequence.items;
  if (times * items.length > REPEATED_UNITS_MAX) throw new UnsupportedError('a list repeated so often');
  const repeated = Array.from({ length: times }, () => items).flat(1) as readonly Value[];
  return isList(sequence) ? repeated : tuple(repeated);
}

export function negative(value: Value): Value {
  if (value === undefined) throw new PythonError('UndefinedError', 'a value is undefined');
  return negate(value);
}

export function positive(value: Value): Value {
  if (value === undefined) throw new PythonError('UndefinedError', 'a value is undefined');
  if (typeof value === 'boolean') return Number(value);
  if (isInteger(value) || isFloat(value)) return value;
  throw typeError(`bad operand type for unary +: '${typeName(value)}'`);
}

/** One comparison of a chain. */
export function compares(operator: CompareOperator, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
      return equals(left, right);
    case '!=':
      return !equals(left, right);
    case 'in':
      return contains(right, left);
    case 'not in':
      return !contains(right, left);
    case '<':
      return compare(left, right, operator) < 0;
    case '<=':
      return compare(left, right, operator) <= 0;
    case '>':
      return compare(left, right, operator) > 0;
    case '>=':
      return compare(left, right, operator) >= 0;
  }
}

/** `a ~ b`: the texts of all. Without escaping, as chat templates are rendered, safe texts are no others. */
export function concatenate(values: readonly Value[]): string {
  return values.map(str).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&#39;',
  '"': '&#34;',
};

/** A text for HTML, as `markupsafe.escape` makes it; a safe one stays. */
export function escaped(value: Value): string {
  if (isMarkup(value)) return value.text;
  return str(value).replace(/[&<>'"]/g, (character) => ENTITIES[character] ?? character);
}
