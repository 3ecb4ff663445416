import { isTruthy, iterate, str, UnsupportedError, valueError } from '@kvasir/python-values';
import type { Value } from '@kvasir/python-values';
import type { Body, Statement, Target } from './ast.js';
import { call, compileArguments, compileExpression, compileFilter } from './compile-expression.js';
import { compileFor } from './compile-for.js';
import { compileMacro } from './compile-macro.js';
import type { Frame } from './frame.js';
import { setInNamespace } from './namespace.js';
import type { Run } from './run.js';

/** Makes a function of statements. */
export function compileBody(body: Body): Run {
  const runs = body.map(compileStatement);
  return (frame) => {
    for (const run of runs) {
      const ending = run(frame);
      if (ending !== 'next') return ending;
    }
    return 'next';
  };
}

function compileStatement(statement: Statement): Run {
  switch (statement.kind) {
    case 'data': {
      const { text } = statement;
      return (frame) => {
        frame.write(text);
        return 'next';
      };
    }
    case 'output': {
      const value = compileExpression(statement.value);
      return (frame) => {
        frame.write(str(value(frame)));
        return 'next';
      };
    }
    case 'set': {
      const [assign, value] = [compileTarget(statement.target), compileExpression(statement.value)];
      return (frame) => {
        assign(frame, value(frame));
        return 'next';
      };
    }
    case 'if':
      return compileIf(statement);
    case 'for':
      return compileFor({
        iterated: compileExpression(statement.iterated),
        filter: statement.filter === null ? null : compileExpression(statement.filter),
        assign: compileTarget(statement.target),
        isRecursive: statement.isRecursive,
        run: compileBody(statement.body),
        otherwise: compileBody(statement.otherwise),
      });
    case 'break':
    case 'continue': {
      const { kind } = statement;
      return () => kind;
    }
    case 'unsupported': {
      const { what } = statement;
      return () => {
        throw new UnsupportedError(what);
      };
    }
    case 'macro': {
      const make = compileMacro(
        statement.name,
        statement.parameters,
        statement.body,
        compileBody(statement.body),
      );
      return (frame) => {
        frame.set(statement.name, make(frame));
        return 'next';
      };
    }
    case 'setBlock':
    case 'filterBlock':
    case 'callBlock':
    case 'with':
    case 'generation':
      return compileBlock(statement);
  }
}

function compileIf({ branches, otherwise }: Extract<Statement, { kind: 'if' }>): Run {
  const compiled = branches.map(({ test, body }) => ({
    test: compileExpression(test),
    run: compileBody(body),
  }));
  const last = compileBody(otherwise);
  return (frame) => {
    for (const { test, run } of compiled) if (isTruthy(test(frame))) return run(frame);
    return last(frame);
  };
}

type Block = Extract<Statement, { kind: 'setBlock' | 'filterBlock' | 'callBlock' | 'with' | 'generation' }>;

function compileBlock(block: Block): Run {
  switch (block.kind) {
    case 'with':
      return compileWith(block);
    case 'callBlock':
      return compileCallBlock(block);
    case 'generation': {
      const run = compileBody(block.body);
      return (frame) => {
        const inside = frame.apart();
        run(inside);
        frame.write(inside.text());
        return 'next';
      };
    }
    case 'filterBlock': {
      const [filter, run] = [compileFilter(block.filter), compileBody(block.body)];
      return (frame) => {
        const inside = frame.apart();
        run(inside);
        frame.write(str(filter(frame, inside.text())));
        return 'next';
      };
    }
    case 'setBlock': {
      const [assign, run] = [compileTarget(block.target), compileBody(block.body)];
      const filter = block.filter === null ? null : compileFilter(block.filter);
      return (frame) => {
        const inside = frame.apart();
        run(inside);
        const text = inside.text();
        assign(frame, filter === null ? text : filter(frame, text));
        return 'next';
      };
    }
  }
}

function compileWith({ pairs, body }: Extract<Statement, { kind: 'with' }>): Run {
  const compiled = pairs.map(([target, value]) => [compileTarget(target), compileExpression(value)] as const);
  const run = compileBody(body);
  return (frame) => {
    const inside = frame.inner();
    for (const [assign, value] of compiled) assign(inside, value(frame));
    return run(inside);
  };
}

function compileCallBlock(block: Extract<Statement, { kind: 'callBlock' }>): Run {
  const makeCaller = compileMacro('caller', block.parameters, block.body, compileBody(block.body));
  if (block.call.kind !== 'call') throw new UnsupportedError('a call block of something else than a call');
  const callee = compileExpression(block.call.callee);
  const argumentsOf = compileArguments(block.call.given);
  return (frame) => {
    const { positional, named } = argumentsOf(frame);
    const withCaller = new Map(named).set('caller', makeCaller(frame));
    frame.write(str(call(callee(frame), { positional, named: withCaller })));
    return 'next';
  };
}

/** Gives a value to a name, to names one by one, or to a variable of a namespace. */
export function compileTarget(target: Target): (frame: Frame, value: Value) => void {
  switch (target.kind) {
    case 'name': {
      const { name } = target;
      return (frame, value) => frame.set(name, value);
    }
    case 'namespaced': {
      const { namespace, name } = target;
      return (frame, value) => setInNamespace(frame.get(namespace), name, value);
    }
    case 'tuple': {
      const targets = target.items.map(compileTarget);
      return (frame, value) => {
        const items = [...iterate(value)];
        if (items.length !== targets.length) {
          throw valueError(`${items.length < targets.length ? 'not enough' : 'too many'} values to unpack`);
        }
        targets.forEach((assign, index) => assign(frame, items[index]));
      };
    }
  }
}
