import type { Body, Expression, ForStatement, Statement, Target } from '@kvasir/jinja';

/** What a template expects as the content of a message: one text, or parts (`openai`). */
export type ContentFormat = 'string' | 'openai';

/**
 * Whether a template goes through the parts of a message itself, found out from its tree as vLLM does (`_detect_content_format`): by a
 * loop over the content of an item of `messages`, over a macro's parameter that such a content is given to, or over something called `content`.
 */
export function detectContentFormat(body: Body): ContentFormat {
  const nodes = collect(body);
  const related = relatedNames(nodes, 'messages');
  const items = related === null ? null : itemNames(nodes, related);
  if (items === null) return 'string';
  const loop = nodes.loops.find(({ statement, macro }) =>
    goesThroughContent(statement, { items, macro, nodes }),
  );
  // What is no single name makes vLLM give up.
  return loop?.statement.target.kind === 'name' ? 'openai' : 'string';
}

type Assignment = Extract<Statement, { kind: 'set' }>;
type Macro = Extract<Statement, { kind: 'macro' }>;
type Call = Extract<Expression, { kind: 'call' }>;

interface Nodes {
  readonly assignments: Assignment[];
  readonly loops: { readonly statement: ForStatement; readonly macro: Macro | null }[];
  readonly calls: Call[];
}

/** Everything that looks like a node, depth first, as Jinja's own search goes. */
function collect(body: Body): Nodes {
  const nodes: Nodes = { assignments: [], loops: [], calls: [] };
  const visit = (part: unknown, macro: Macro | null): void => {
    if (typeof part !== 'object' || part === null) return;
    const inside = keep(part, macro, nodes);
    for (const inner of Object.values(part)) visit(inner, inside);
  };
  visit(body, null);
  return nodes;
}

function keep(part: object, macro: Macro | null, nodes: Nodes): Macro | null {
  if (!('kind' in part)) return macro;
  const node = part as Statement | Expression;
  if (node.kind === 'set') nodes.assignments.push(node);
  if (node.kind === 'for') nodes.loops.push({ statement: node, macro });
  if (node.kind === 'call') nodes.calls.push(node);
  return node.kind === 'macro' ? node : macro;
}

/** The name and those that are set to it or to a part of it; null where vLLM gives up. */
function relatedNames({ assignments }: Nodes, start: string): readonly string[] | null {
  const names = [start];
  for (const name of names) {
    for (const { target, value } of assignments) {
      if (!isOrPicksFrom(value, name, null)) continue;
      if (target.kind !== 'name') return null;
      if (!names.includes(target.name)) names.push(target.name);
    }
  }
  return names;
}

/** Names of what loops over the messages give; null where vLLM gives up. */
function itemNames({ loops }: Nodes, related: readonly string[]): readonly string[] | null {
  const names: string[] = [];
  for (const { statement } of loops) {
    if (!related.some((name) => isOrPicksFrom(statement.iterated, name, null))) continue;
    const name = nameOf(statement.target);
    if (name === null) return null;
    names.push(name);
  }
  return names;
}

function nameOf(target: Target): string | null {
  return target.kind === 'name' ? target.name : null;
}

interface Search {
  readonly items: readonly string[];
  readonly macro: Macro | null;
  readonly nodes: Nodes;
}

function goesThroughContent({ iterated }: ForStatement, { items, macro, nodes }: Search): boolean {
  if (items.some((name) => isOrPicksFrom(iterated, name, 'content'))) return true;
  if (iterated.kind !== 'name') return false;
  if (macro === null) return iterated.name === 'content';
  return contentParameters(macro, items, nodes).includes(iterated.name);
}

/** Parameters of a macro that the content of a message is given to somewhere. */
function contentParameters(macro: Macro, items: readonly string[], { calls }: Nodes): readonly string[] {
  const isContent = (value: Expression): boolean =>
    items.some((name) => isOrPicksFrom(value, name, 'content'));
  const names = macro.parameters.map(({ name }) => name);
  return calls
    .filter(({ callee }) => callee.kind === 'name' && callee.name === macro.name)
    .flatMap(({ given }) => [
      ...names.filter((_name, index) => {
        const value = given.positional[index];
        return value !== undefined && isContent(value);
      }),
      ...given.named
        .filter(([name, value]) => names.includes(name) && isContent(value))
        .map(([name]) => name),
    ]);
}

/** The variable, or its member `key`, through filters, tests and slices. */
function isOrPicksFrom(expression: Expression, variable: string, key: string | null): boolean {
  switch (expression.kind) {
    case 'filter':
    case 'test':
      return expression.of !== null && isOrPicksFrom(expression.of, variable, key);
    case 'slice':
      return isOrPicksFrom(expression.of, variable, key);
    case 'name':
      return key === null && expression.name === variable;
    case 'attribute':
      return expression.name === key && isVariable(expression.of, variable);
    case 'item':
      return (
        expression.at.kind === 'const' &&
        expression.at.value === key &&
        key !== null &&
        isVariable(expression.of, variable)
      );
    default:
      return false;
  }
}

function isVariable(expression: Expression, name: string): boolean {
  return expression.kind === 'name' && expression.name === name;
}
