import type { Applied, Comparison, Expression, GivenArguments } from './ast.js';
import type { TokenReader } from './token-reader.js';

const NO_ARGUMENTS: GivenArguments = { positional: [], named: [], morePositional: null, moreNamed: null };

/** An expression with `a if b else c`. @throws TemplateSyntaxError, as all here. */
export function parseExpression(reader: TokenReader): Expression {
  let expression = parseOr(reader);
  while (reader.takesName('if')) {
    const test = parseOr(reader);
    const no = reader.takesName('else') ? parseExpression(reader) : null;
    expression = { kind: 'choice', test, yes: expression, no };
  }
  return expression;
}

export interface TupleOptions {
  /** Without `a if b else c`. */
  readonly isPlain?: boolean;
  /** A name that ends the tuple. */
  readonly endName?: string;
  /** In parentheses, where an empty tuple may stand. */
  readonly mayBeEmpty?: boolean;
}

/** An expression, or several with commas between them. */
export function parseTuple(reader: TokenReader, options: TupleOptions = {}): Expression {
  const items: Expression[] = [];
  let isTuple = false;
  for (;;) {
    if (isTupleEnd(reader, options.endName)) break;
    items.push(options.isPlain === true ? parseOr(reader) : parseExpression(reader));
    if (!reader.takesOperator(',')) break;
    isTuple = true;
  }
  const [only] = items;
  if (!isTuple && only !== undefined) return only;
  if (!isTuple && options.mayBeEmpty !== true) throw reader.unexpected('an expression');
  return { kind: 'tuple', items };
}

function isTupleEnd(reader: TokenReader, endName: string | undefined): boolean {
  return reader.isAtEnd || reader.isOperator(')') || (endName !== undefined && reader.isName(endName));
}

export function parseOr(reader: TokenReader): Expression {
  let left = parseAnd(reader);
  while (reader.takesName('or')) left = { kind: 'binary', operator: 'or', left, right: parseAnd(reader) };
  return left;
}

function parseAnd(reader: TokenReader): Expression {
  let left = parseNot(reader);
  while (reader.takesName('and')) left = { kind: 'binary', operator: 'and', left, right: parseNot(reader) };
  return left;
}

function parseNot(reader: TokenReader): Expression {
  if (reader.takesName('not')) return { kind: 'unary', operator: 'not', of: parseNot(reader) };
  return parseCompare(reader);
}

function parseCompare(reader: TokenReader): Expression {
  const first = parseSum(reader);
  const rest: Comparison[] = [];
  for (;;) {
    const operator = reader.takesOneOf(['==', '!=', '<=', '>=', '<', '>'] as const);
    if (operator !== null) rest.push({ operator, right: parseSum(reader) });
    else if (reader.takesName('in')) rest.push({ operator: 'in', right: parseSum(reader) });
    else if (reader.isName('not') && reader.isName('in', 1)) {
      reader.skip();
      reader.skip();
      rest.push({ operator: 'not in', right: parseSum(reader) });
    } else break;
  }
  return rest.length === 0 ? first : { kind: 'compare', first, rest };
}

function parseSum(reader: TokenReader): Expression {
  let left = parseConcat(reader);
  for (;;) {
    const operator = reader.takesOneOf(['+', '-'] as const);
    if (operator === null) return left;
    left = { kind: 'binary', operator, left, right: parseConcat(reader) };
  }
}

function parseConcat(reader: TokenReader): Expression {
  const first = parseProduct(reader);
  const parts = [first];
  while (reader.takesOperator('~')) parts.push(parseProduct(reader));
  return parts.length === 1 ? first : { kind: 'concat', parts };
}

function parseProduct(reader: TokenReader): Expression {
  let left = parsePower(reader);
  for (;;) {
    const operator = reader.takesOneOf(['*', '//', '/', '%'] as const);
    if (operator === null) return left;
    left = { kind: 'binary', operator, left, right: parsePower(reader) };
  }
}

function parsePower(reader: TokenReader): Expression {
  let left = parseUnary(reader, true);
  while (reader.takesOperator('**')) {
    left = { kind: 'binary', operator: '**', left, right: parseUnary(reader, true) };
  }
  return left;
}

function parseUnary(reader: TokenReader, hasFilters: boolean): Expression {
  const sign = reader.takesOneOf(['-', '+'] as const);
  const operand: Expression =
    sign === null ? parsePrimary(reader) : { kind: 'unary', operator: sign, of: parseUnary(reader, false) };
  const expression = parsePostfix(reader, operand);
  return hasFilters ? parseApplied(reader, expression) : expression;
}

const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);

export function parsePrimary(reader: TokenReader): Expression {
  const token = reader.current;
  if (token === null) throw reader.unexpected('an expression');
  switch (token.kind) {
    case 'name': {
      reader.skip();
      const constant = CONSTANTS.get(token.text);
      return constant === undefined ? { kind: 'name', name: token.text } : { kind: 'const', value: constant };
    }
    case 'number':
      reader.skip();
      return { kind: 'const', value: token.value };
    case 'text':
      return { kind: 'const', value: parseTexts(reader) };
    case 'operator':
      return parseBracket(reader);
  }
}

function parseTexts(reader: TokenReader): string {
  let text = '';
  while (reader.current?.kind === 'text') {
    text += reader.current.value;
    reader.skip();
  }
  return text;
}

function parseBracket(reader: TokenReader): Expression {
  if (reader.takesOperator('(')) {
    const inner = parseTuple(reader, { mayBeEmpty: true });
    reader.expectOperator(')');
    return inner;
  }
  if (reader.takesOperator('[')) {
    return { kind: 'list', items: parseSeries(reader, ']', () => parseExpression(reader)) };
  }
  if (reader.takesOperator('{')) {
    const pairs = parseSeries(reader, '}', (): readonly [Expression, Expression] => {
      const key = parseExpression(reader);
      reader.expectOperator(':');
      return [key, parseExpression(reader)];
    });
    return { kind: 'dict', pairs };
  }
  throw reader.unexpected('an expression');
}

function parseSeries<Item>(reader: TokenReader, close: string, parse: () => Item): readonly Item[] {
  const items: Item[] = [];
  while (!reader.isOperator(close)) {
    items.push(parse());
    if (!reader.isOperator(close)) reader.expectOperator(',');
  }
  reader.skip();
  return items;
}

export function parsePostfix(reader: TokenReader, start: Expression): Expression {
  let expression = start;
  for (;;) {
    if (reader.takesOperator('.')) expression = parseAttribute(reader, expression);
    else if (reader.takesOperator('[')) expression = parseSubscript(reader, expression);
    else if (reader.isOperator('(')) expression = parseCall(reader, expression);
    else return expression;
  }
}

function parseAttribute(reader: TokenReader, of: Expression): Expression {
  const token = reader.current;
  if (token?.kind !== 'number') return { kind: 'attribute', of, name: reader.expectName() };
  reader.skip();
  return { kind: 'item', of, at: { kind: 'const', value: token.value } };
}

function parseSubscript(reader: TokenReader, of: Expression): Expression {
  const bounds: (Expression | null)[] = [];
  let isSlice = false;
  let pending: Expression | null = null;
  while (!reader.isOperator(']')) {
    if (reader.takesOperator(':')) {
      isSlice = true;
      bounds.push(pending);
      pending = null;
      if (bounds.length > 2) throw reader.unexpected("']'");
    } else if (pending === null) pending = parseExpression(reader);
    else if (reader.takesOperator(',')) return parseSeveralSubscripts(reader, of, pending, isSlice);
    else throw reader.unexpected("']'");
  }
  reader.skip();
  if (isSlice) return { kind: 'slice', of, bounds: [...bounds, pending] };
  if (pending === null) throw reader.unexpected('an expression');
  return { kind: 'item', of, at: pending };
}

function parseSeveralSubscripts(
  reader: TokenReader,
  of: Expression,
  first: Expression,
  isSlice: boolean,
): Expression {
  if (isSlice) throw reader.fail('a slice among several subscripts');
  const items = parseSeries(reader, ']', () => parseExpression(reader));
  return { kind: 'item', of, at: { kind: 'tuple', items: [first, ...items] } };
}

function parseCall(reader: TokenReader, callee: Expression): Expression {
  return { kind: 'call', callee, given: parseArguments(reader) };
}

function parseArguments(reader: TokenReader): GivenArguments {
  reader.expectOperator('(');
  const positional: Expression[] = [];
  const named: (readonly [string, Expression])[] = [];
  let morePositional: Expression | null = null;
  let moreNamed: Expression | null = null;
  while (!reader.isOperator(')')) {
    if (reader.takesOperator('*')) {
      if (morePositional !== null || moreNamed !== null) throw reader.fail('invalid arguments of a call');
      morePositional = parseExpression(reader);
    } else if (reader.takesOperator('**')) {
      if (moreNamed !== null) throw reader.fail('invalid arguments of a call');
      moreNamed = parseExpression(reader);
    } else if (reader.current?.kind === 'name' && reader.isOperator('=', 1)) {
      if (moreNamed !== null) throw reader.fail('invalid arguments of a call');
      const name = reader.expectName();
      reader.skip();
      named.push([name, parseExpression(reader)]);
    } else {
      if (morePositional !== null || moreNamed !== null || named.length > 0) {
        throw reader.fail('invalid arguments of a call');
      }
      positional.push(parseExpression(reader));
    }
    if (!reader.isOperator(')')) reader.expectOperator(',');
  }
  reader.skip();
  return { positional, named, morePositional, moreNamed };
}

function parseApplied(reader: TokenReader, start: Expression): Expression {
  let expression = start;
  for (;;) {
    if (reader.takesOperator('|')) expression = parseFilter(reader, expression);
    else if (reader.takesName('is')) expression = parseTest(reader, expression);
    else if (reader.isOperator('(')) expression = parseCall(reader, expression);
    else return expression;
  }
}

/** A filter from its name on. */
export function parseFilter(reader: TokenReader, of: Expression | null): Applied {
  const name = parseDottedName(reader);
  const given = reader.isOperator('(') ? parseArguments(reader) : NO_ARGUMENTS;
  return { kind: 'filter', name, of, given };
}

function parseDottedName(reader: TokenReader): string {
  let name = reader.expectName();
  while (reader.takesOperator('.')) name += `.${reader.expectName()}`;
  return name;
}

function parseTest(reader: TokenReader, of: Expression): Expression {
  const isNegated = reader.takesName('not');
  const name = parseDottedName(reader);
  const test: Expression = { kind: 'test', name, of, given: parseTestArguments(reader) };
  return isNegated ? { kind: 'unary', operator: 'not', of: test } : test;
}

function parseTestArguments(reader: TokenReader): GivenArguments {
  if (reader.isOperator('(')) return parseArguments(reader);
  if (reader.isName('is')) throw reader.fail('You cannot chain multiple tests with is');
  if (!beginsTestArgument(reader)) return NO_ARGUMENTS;
  return { ...NO_ARGUMENTS, positional: [parsePostfix(reader, parsePrimary(reader))] };
}

function beginsTestArgument(reader: TokenReader): boolean {
  const token = reader.current;
  if (token === null) return false;
  if (token.kind === 'operator') return token.text === '[' || token.text === '{';
  return token.kind !== 'name' || !['else', 'or', 'and'].includes(token.text);
}
