import type { Value } from '@kvasir/python-values';

/** The tree of a template, with the node kinds of Jinja, so that what others find out from its tree can be found out from this one. */
export type Expression =
  | { readonly kind: 'const'; readonly value: Value }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'item'; readonly of: Expression; readonly at: Expression }
  | { readonly kind: 'slice'; readonly of: Expression; readonly bounds: readonly (Expression | null)[] }
  | { readonly kind: 'tuple' | 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly pairs: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'call'; readonly callee: Expression; readonly given: GivenArguments }
  | Applied
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'unary'; readonly operator: 'not' | '-' | '+'; readonly of: Expression }
  | { readonly kind: 'compare'; readonly first: Expression; readonly rest: readonly Comparison[] }
  | { readonly kind: 'concat'; readonly parts: readonly Expression[] }
  | {
      readonly kind: 'choice';
      readonly test: Expression;
      readonly yes: Expression;
      readonly no: Expression | null;
    };

/** A filter or a test; `of` is null where a block's text is filtered. */
export interface Applied {
  readonly kind: 'filter' | 'test';
  readonly name: string;
  readonly of: Expression | null;
  readonly given: GivenArguments;
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**' | 'and' | 'or';
export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

export interface Comparison {
  readonly operator: CompareOperator;
  readonly right: Expression;
}

export interface GivenArguments {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [string, Expression])[];
  /** `*more`. */
  readonly morePositional: Expression | null;
  /** `**more`. */
  readonly moreNamed: Expression | null;
}

export type Target =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'namespaced'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'tuple'; readonly items: readonly Target[] };

export interface MacroParameter {
  readonly name: string;
  readonly fallback: Expression | null;
}

export type Statement =
  | { readonly kind: 'data'; readonly text: string }
  | { readonly kind: 'output'; readonly value: Expression }
  | { readonly kind: 'set'; readonly target: Target; readonly value: Expression }
  | {
      readonly kind: 'setBlock';
      readonly target: Target;
      readonly filter: Applied | null;
      readonly body: Body;
    }
  | ForStatement
  | { readonly kind: 'if'; readonly branches: readonly Branch[]; readonly otherwise: Body }
  | {
      readonly kind: 'macro';
      readonly name: string;
      readonly parameters: readonly MacroParameter[];
      readonly body: Body;
    }
  | {
      readonly kind: 'callBlock';
      readonly parameters: readonly MacroParameter[];
      readonly call: Expression;
      readonly body: Body;
    }
  | { readonly kind: 'filterBlock'; readonly filter: Applied; readonly body: Body }
  | { readonly kind: 'with'; readonly pairs: readonly (readonly [Target, Expression])[]; readonly body: Body }
  | { readonly kind: 'generation'; readonly body: Body }
  | { readonly kind: 'break' }
  | { readonly kind: 'continue' }
  /** A statement that only a renderer with more templates or another environment can run. */
  | { readonly kind: 'unsupported'; readonly what: string };

export interface ForStatement {
  readonly kind: 'for';
  readonly target: Target;
  readonly iterated: Expression;
  readonly filter: Expression | null;
  readonly isRecursive: boolean;
  readonly body: Body;
  readonly otherwise: Body;
}

export interface Branch {
  readonly test: Expression;
  readonly body: Body;
}

export type Body = readonly Statement[];
