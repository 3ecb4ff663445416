import type { Applied, Body, Branch, Expression, MacroParameter, Statement, Target } from './ast.js';
import { cutTemplate } from './lexer.js';
import type { Piece } from './lexer.js';
import { parseExpression, parseFilter, parseTuple } from './parse-expression.js';
import { TemplateSyntaxError } from './syntax-error.js';
import { TokenReader } from './token-reader.js';

/** @throws TemplateSyntaxError, UnsupportedError */
export function parseTemplate(source: string): Body {
  const parser = new TemplateParser(cutTemplate(source));
  return parser.parse();
}

/** Tags that need other templates, translations or HTML escaping: known to Jinja, not run here. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'include',
  'import',
  'from',
  'extends',
  'block',
  'autoescape',
]);

class TemplateParser {
  private at = 0;
  private line = 1;

  constructor(private readonly pieces: readonly Piece[]) {}

  parse(): Body {
    const { body } = this.parseBody([]);
    return body;
  }

  /** Statements up to a block that begins with one of the names; the end of the template when none is named. */
  private parseBody(ends: readonly string[]): { readonly body: Body; readonly end: TokenReader } {
    const body: Statement[] = [];
    for (;;) {
      const piece = this.pieces[this.at];
      if (piece === undefined) {
        if (ends.length > 0) throw new TemplateSyntaxError(`expected ${ends.join(' or ')}`, this.line);
        return { body, end: new TokenReader([], this.line) };
      }
      this.at += 1;
      if (piece.kind === 'data') {
        body.push(piece);
        continue;
      }
      this.line = piece.line;
      const reader = new TokenReader(piece.tokens, piece.line);
      if (piece.kind === 'print') {
        const value = parseTuple(reader);
        reader.expectEnd();
        body.push({ kind: 'output', value });
        continue;
      }
      if (ends.some((name) => reader.isName(name))) return { body, end: reader };
      body.push(...this.parseStatement(reader));
    }
  }

  private parseStatement(reader: TokenReader): readonly Statement[] {
    const tag = reader.expectName();
    switch (tag) {
      case 'set':
        return [this.parseSet(reader)];
      case 'for':
        return [this.parseFor(reader)];
      case 'if':
        return [this.parseIf(reader)];
      case 'macro':
        return [this.parseMacro(reader)];
      case 'call':
        return [this.parseCallBlock(reader)];
      case 'filter':
        return [this.parseFilterBlock(reader)];
      case 'with':
        return [this.parseWith(reader)];
      case 'generation':
        return [{ kind: 'generation', body: this.parseBlock(reader, 'endgeneration') }];
      case 'print':
        return this.parsePrint(reader);
      case 'break':
      case 'continue':
        reader.expectEnd();
        return [{ kind: tag }];
      default:
        return [this.parseOther(reader, tag)];
    }
  }

  private parseOther(reader: TokenReader, tag: string): Statement {
    if (!ELSEWHERE.has(tag)) throw reader.fail(`Encountered unknown tag '${tag}'.`);
    if (tag === 'block' || tag === 'autoescape') this.parseBody([`end${tag}`]);
    return { kind: 'unsupported', what: `{% ${tag} %}` };
  }

  /** The rest of a tag, the statements in it and its end. */
  private parseBlock(reader: TokenReader, end: string): Body {
    reader.takesOperator(':');
    reader.expectEnd();
    const block = this.parseBody([end]);
    block.end.skip();
    block.end.expectEnd();
    return block.body;
  }

  private parseSet(reader: TokenReader): Statement {
    const target = parseTarget(reader, true);
    if (reader.takesOperator('=')) {
      const value = parseTuple(reader);
      reader.expectEnd();
      return { kind: 'set', target, value };
    }
    const filter = parseFilters(reader);
    return { kind: 'setBlock', target, filter, body: this.parseBlock(reader, 'endset') };
  }

  private parseFor(reader: TokenReader): Statement {
    const target = parseTarget(reader, false);
    reader.expectKeyword('in');
    const iterated = parseTuple(reader, { isPlain: true, endName: 'recursive' });
    const filter = reader.takesName('if') ? parseExpression(reader) : null;
    const isRecursive = reader.takesName('recursive');
    reader.takesOperator(':');
    reader.expectEnd();
    const { body, end } = this.parseBody(['endfor', 'else']);
    const hasElse = end.takesName('else');
    if (!hasElse) end.skip();
    const otherwise = hasElse ? this.parseBlock(end, 'endfor') : [];
    if (!hasElse) end.expectEnd();
    return { kind: 'for', target, iterated, filter, isRecursive, body, otherwise };
  }

  private parseIf(reader: TokenReader): Statement {
    const branches: Branch[] = [];
    let current = reader;
    for (;;) {
      const test = parseTuple(current, { isPlain: true });
      current.takesOperator(':');
      current.expectEnd();
      const { body, end } = this.parseBody(['elif', 'else', 'endif']);
      branches.push({ test, body });
      if (end.takesName('elif')) {
        current = end;
        continue;
      }
      if (end.takesName('else')) return { kind: 'if', branches, otherwise: this.parseBlock(end, 'endif') };
      end.skip();
      end.expectEnd();
      return { kind: 'if', branches, otherwise: [] };
    }
  }

  private parseMacro(reader: TokenReader): Statement {
    const name = reader.expectName();
    const parameters = parseParameters(reader);
    return { kind: 'macro', name, parameters, body: this.parseBlock(reader, 'endmacro') };
  }

  private parseCallBlock(reader: TokenReader): Statement {
    const parameters = reader.isOperator('(') ? parseParameters(reader) : [];
    const call = parseExpression(reader);
    if (call.kind !== 'call') throw reader.fail('expected call');
    return { kind: 'callBlock', parameters, call, body: this.parseBlock(reader, 'endcall') };
  }

  private parseFilterBlock(reader: TokenReader): Statement {
    const first = parseFilter(reader, null);
    const filter = parseMoreFilters(reader, first);
    return { kind: 'filterBlock', filter, body: this.parseBlock(reader, 'endfilter') };
  }

  private parseWith(reader: TokenReader): Statement {
    const pairs: (readonly [Target, Expression])[] = [];
    while (!reader.isAtEnd) {
      if (pairs.length > 0) reader.expectOperator(',');
      const target = parseTarget(reader, false);
      reader.expectOperator('=');
      pairs.push([target, parseExpression(reader)]);
    }
    return { kind: 'with', pairs, body: this.parseBlock(reader, 'endwith') };
  }

  private parsePrint(reader: TokenReader): readonly Statement[] {
    const statements: Statement[] = [];
    while (!reader.isAtEnd) {
      if (statements.length > 0) reader.expectOperator(',');
      statements.push({ kind: 'output', value: parseExpression(reader) });
    }
    return statements;
  }
}

function parseFilters(reader: TokenReader): Applied | null {
  return reader.takesOperator('|') ? parseMoreFilters(reader, parseFilter(reader, null)) : null;
}

function parseMoreFilters(reader: TokenReader, first: Applied): Applied {
  let filter = first;
  while (reader.takesOperator('|')) filter = parseFilter(reader, filter);
  return filter;
}

function parseParameters(reader: TokenReader): readonly MacroParameter[] {
  reader.expectOperator('(');
  const parameters: MacroParameter[] = [];
  while (!reader.isOperator(')')) {
    if (parameters.length > 0) reader.expectOperator(',');
    const name = reader.expectName();
    const fallback = reader.takesOperator('=') ? parseExpression(reader) : null;
    if (fallback === null && parameters.some((parameter) => parameter.fallback !== null)) {
      throw reader.fail('non-default argument follows default argument');
    }
    parameters.push({ name, fallback });
  }
  reader.skip();
  return parameters;
}

/** One name or several with commas between them; `namespace.name` where a namespace may be written to. */
function parseTarget(reader: TokenReader, mayBeNamespaced: boolean): Target {
  const items: Target[] = [];
  let isTuple = false;
  for (;;) {
    if (reader.isAtEnd || reader.isOperator(')') || reader.isName('in')) break;
    items.push(parseOneTarget(reader, mayBeNamespaced));
    if (!reader.takesOperator(',')) break;
    isTuple = true;
  }
  const [only] = items;
  if (only === undefined) throw reader.unexpected('a name');
  return isTuple ? { kind: 'tuple', items } : only;
}

function parseOneTarget(reader: TokenReader, mayBeNamespaced: boolean): Target {
  if (reader.takesOperator('(')) {
    const inner = parseTarget(reader, false);
    reader.expectOperator(')');
    return inner;
  }
  const name = reader.expectName();
  if (['true', 'false', 'none', 'True', 'False', 'None'].includes(name)) {
    throw reader.fail(`can't assign to '${name}'`);
  }
  if (!mayBeNamespaced || !reader.takesOperator('.')) return { kind: 'name', name };
  return { kind: 'namespaced', namespace: name, name: reader.expectName() };
}
