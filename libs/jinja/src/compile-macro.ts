import { pyFunction, tuple, typeError } from '@kvasir/python-values';
import type { CallArguments, Key, Value } from '@kvasir/python-values';
import type { Body, MacroParameter } from './ast.js';
import { compileExpression } from './compile-expression.js';
import type { Evaluate } from './compile-expression.js';
import type { Frame } from './frame.js';
import { mentions } from './mentions.js';

/** Makes the function of a macro, or of the body of a call block, in the scope where it is defined. */
export type MakeMacro = (definedIn: Frame) => Value;

interface Compiled {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly fallback: Evaluate | null }[];
  /** What the body says beyond its parameters. */
  readonly takes: { readonly caller: boolean; readonly positional: boolean; readonly named: boolean };
  readonly run: (frame: Frame) => unknown;
}

export function compileMacro(
  name: string,
  parameters: readonly MacroParameter[],
  body: Body,
  run: (frame: Frame) => unknown,
): MakeMacro {
  const isParameter = (wanted: string): boolean => parameters.some((parameter) => parameter.name === wanted);
  const takes = (wanted: string): boolean => !isParameter(wanted) && mentions(body, wanted);
  const compiled: Compiled = {
    name,
    parameters: parameters.map((parameter) => ({
      name: parameter.name,
      fallback: parameter.fallback === null ? null : compileExpression(parameter.fallback),
    })),
    takes: { caller: takes('caller'), positional: takes('varargs'), named: takes('kwargs') },
    run,
  };
  return (definedIn) => pyFunction(name, (given) => callMacro(compiled, definedIn, given));
}

function callMacro(macro: Compiled, definedIn: Frame, given: CallArguments): Value {
  const frame = definedIn.apart();
  const named = new Map(given.named);
  macro.parameters.forEach((parameter, index) => {
    const isGiven = index < given.positional.length;
    if (isGiven) frame.set(parameter.name, given.positional[index]);
    else if (named.has(parameter.name)) {
      frame.set(parameter.name, named.get(parameter.name));
      named.delete(parameter.name);
    } else frame.set(parameter.name, parameter.fallback?.(frame));
  });
  if (macro.takes.caller) {
    frame.set('caller', named.get('caller'));
    named.delete('caller');
  }
  if (macro.takes.named) frame.set('kwargs', new Map<Key, Value>(named));
  else refuseNamed(macro, named);
  if (macro.takes.positional) frame.set('varargs', tuple(given.positional.slice(macro.parameters.length)));
  else if (given.positional.length > macro.parameters.length) {
    throw typeError(`macro '${macro.name}' takes not more than ${macro.parameters.length} argument(s)`);
  }
  macro.run(frame);
  return frame.text();
}

function refuseNamed({ name }: Compiled, named: ReadonlyMap<string, Value>): void {
  const [unknown] = named.keys();
  if (unknown !== undefined) throw typeError(`macro '${name}' takes no keyword argument '${unknown}'`);
}
