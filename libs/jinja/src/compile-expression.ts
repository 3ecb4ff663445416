import {
  isDict,
  isTagged,
  isTruthy,
  listOf,
  NO_NAMED,
  PythonError,
  slice,
  tuple,
  typeError,
  typeName,
} from '@kvasir/python-values';
import type { CallArguments, Key, Value } from '@kvasir/python-values';
import { appliers } from './appliers.js';
import type { Applied, Expression, GivenArguments } from './ast.js';
import { attributeOf, itemOf } from './attributes.js';
import type { Frame } from './frame.js';
import { compares, concatenate, negative, operate, positive } from './operators.js';
import { knownKey } from './pairs.js';

export type Evaluate = (frame: Frame) => Value;

/** Makes a function of an expression, so that its tree is walked once per template and not once per rendering. */
export function compileExpression(expression: Expression): Evaluate {
  switch (expression.kind) {
    case 'const': {
      const { value } = expression;
      return () => value;
    }
    case 'name': {
      const { name } = expression;
      return (frame) => frame.get(name);
    }
    case 'attribute': {
      const [of, { name }] = [compileExpression(expression.of), expression];
      return (frame) => attributeOf(of(frame), name);
    }
    case 'item': {
      const [of, at] = [compileExpression(expression.of), compileExpression(expression.at)];
      return (frame) => itemOf(of(frame), at(frame));
    }
    case 'slice':
      return compileSlice(expression.of, expression.bounds);
    case 'list':
    case 'tuple': {
      const items = expression.items.map(compileExpression);
      const isTuple = expression.kind === 'tuple';
      return (frame) => {
        const values = items.map((item) => item(frame));
        return isTuple ? tuple(values) : values;
      };
    }
    case 'dict':
      return compileDict(expression.pairs);
    case 'call':
      return compileCall(expression.callee, expression.given);
    case 'filter':
    case 'test':
      return compileApplied(expression);
    case 'binary':
      return compileBinary(expression);
    case 'unary':
      return compileUnary(expression);
    case 'compare':
      return compileComparison(expression);
    case 'concat': {
      const parts = expression.parts.map(compileExpression);
      return (frame) => concatenate(parts.map((part) => part(frame)));
    }
    case 'choice': {
      const [test, yes] = [compileExpression(expression.test), compileExpression(expression.yes)];
      const no = expression.no === null ? null : compileExpression(expression.no);
      return (frame) => (isTruthy(test(frame)) ? yes(frame) : no?.(frame));
    }
  }
}

function compileSlice(of: Expression, bounds: readonly (Expression | null)[]): Evaluate {
  const sliced = compileExpression(of);
  const [start, stop, step] = [0, 1, 2].map((index) => compileBound(bounds[index] ?? null));
  return (frame) => {
    const value = sliced(frame);
    if (value === undefined) throw new PythonError('UndefinedError', 'a slice of an undefined value');
    if (isDict(value)) throw typeError("unhashable type: 'slice'");
    return slice(value, [start?.(frame), stop?.(frame), step?.(frame)]);
  };
}

function compileBound(bound: Expression | null): Evaluate {
  return bound === null ? () => null : compileExpression(bound);
}

function compileDict(pairs: readonly (readonly [Expression, Expression])[]): Evaluate {
  const compiled = pairs.map(([key, value]) => [compileExpression(key), compileExpression(value)] as const);
  return (frame) =>
    new Map<Key, Value>(compiled.map(([key, value]) => [knownKey(key(frame)), value(frame)] as const));
}

function compileCall(calleeExpression: Expression, given: GivenArguments): Evaluate {
  const [callee, argumentsOf] = [compileExpression(calleeExpression), compileArguments(given)];
  return (frame) => call(callee(frame), argumentsOf(frame));
}

/** `value(…)`. @throws PythonError when it cannot be called. */
export function call(value: Value, given: CallArguments): Value {
  if (value === undefined) throw new PythonError('UndefinedError', 'a call of an undefined value');
  if (isTagged(value)) {
    if (value.py === 'function') return value.call(given);
    if (value.py === 'object' && value.call !== undefined) return value.call(given);
  }
  throw typeError(`'${typeName(value)}' object is not callable`);
}

type EvaluateArguments = (frame: Frame) => CallArguments;

const NOTHING: CallArguments = { positional: [], named: NO_NAMED };

export function compileArguments(given: GivenArguments): EvaluateArguments {
  const positional = given.positional.map(compileExpression);
  const named = given.named.map(([name, value]) => [name, compileExpression(value)] as const);
  const more = given.morePositional === null ? null : compileExpression(given.morePositional);
  const moreNamed = given.moreNamed === null ? null : compileExpression(given.moreNamed);
  if (positional.length + named.length === 0 && more === null && moreNamed === null) return () => NOTHING;
  return (frame) => {
    const values = positional.map((value) => value(frame));
    const names = new Map(named.map(([name, value]) => [name, value(frame)] as const));
    if (moreNamed !== null) addNamed(names, moreNamed(frame));
    return { positional: more === null ? values : [...values, ...listOf(more(frame))], named: names };
  };
}

function addNamed(names: Map<string, Value>, more: Value): void {
  if (!isDict(more)) throw typeError('argument after ** must be a mapping');
  for (const [name, value] of more) {
    if (typeof name !== 'string') throw typeError('keywords must be strings');
    if (names.has(name)) throw typeError(`got multiple values for keyword argument '${name}'`);
    names.set(name, value);
  }
}

/** A filter of a block's text when `of` is null: then the text is handed over. */
export function compileFilter(applied: Applied): (frame: Frame, text: Value) => Value {
  const inner = applied.of === null ? null : compileInner(applied.of);
  const argumentsOf = compileArguments(applied.given);
  return (frame, text) => {
    const value = inner === null ? text : inner(frame, text);
    return appliers.filter(applied.name, value, argumentsOf(frame));
  };
}

function compileInner(expression: Expression): (frame: Frame, text: Value) => Value {
  return expression.kind === 'filter' ? compileFilter(expression) : compileExpression(expression);
}

function compileApplied(applied: Applied): Evaluate {
  const of = applied.of === null ? () => '' : compileExpression(applied.of);
  const argumentsOf = compileArguments(applied.given);
  const { name } = applied;
  if (applied.kind === 'filter') return (frame) => appliers.filter(name, of(frame), argumentsOf(frame));
  return (frame) => appliers.test(name, of(frame), argumentsOf(frame));
}

function compileBinary(expression: Extract<Expression, { kind: 'binary' }>): Evaluate {
  const { operator } = expression;
  const [left, right] = [compileExpression(expression.left), compileExpression(expression.right)];
  if (operator === 'and') {
    return (frame) => {
      const value = left(frame);
      return isTruthy(value) ? right(frame) : value;
    };
  }
  if (operator === 'or') {
    return (frame) => {
      const value = left(frame);
      return isTruthy(value) ? value : right(frame);
    };
  }
  return (frame) => operate(operator, left(frame), right(frame));
}

function compileUnary({ operator, of }: Extract<Expression, { kind: 'unary' }>): Evaluate {
  const operand = compileExpression(of);
  if (operator === 'not') return (frame) => !isTruthy(operand(frame));
  return operator === '-' ? (frame) => negative(operand(frame)) : (frame) => positive(operand(frame));
}

function compileComparison({ first, rest }: Extract<Expression, { kind: 'compare' }>): Evaluate {
  const start = compileExpression(first);
  const steps = rest.map(({ operator, right }) => ({ operator, right: compileExpression(right) }));
  return (frame) => {
    let left = start(frame);
    for (const { operator, right } of steps) {
      const value = right(frame);
      if (!compares(operator, left, value)) return false;
      left = value;
    }
    return true;
  };
}
