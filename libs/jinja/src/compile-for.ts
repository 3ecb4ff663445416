import { isTruthy } from '@kvasir/python-values';
import type { Value } from '@kvasir/python-values';
import type { Evaluate } from './compile-expression.js';
import type { Frame } from './frame.js';
import { LoopState } from './loop-state.js';
import type { Run } from './run.js';

/** The compiled parts of a loop. */
export interface LoopParts {
  readonly iterated: Evaluate;
  readonly filter: Evaluate | null;
  readonly assign: (frame: Frame, value: Value) => void;
  readonly isRecursive: boolean;
  readonly run: Run;
  readonly otherwise: Run;
}

/** Makes a function of a loop. Every round has a scope of its own. */
export function compileFor({ iterated, filter, assign, isRecursive, run, otherwise }: LoopParts): Run {
  const keeps = (frame: Frame) => {
    if (filter === null) return null;
    return (item: Value): boolean => {
      const scope = frame.inner();
      assign(scope, item);
      return isTruthy(filter(scope));
    };
  };

  const loop = (frame: Frame, items: Value, depth0: number): void => {
    const recurse = isRecursive
      ? (inner: Value, depth: number): Value => {
          const apart = frame.apart();
          loop(apart, inner, depth);
          return apart.text();
        }
      : null;
    const state = new LoopState(items, { depth0, recurse }, keeps(frame));
    let isEmpty = true;
    for (let round = state.next(); round !== null; round = state.next()) {
      isEmpty = false;
      const scope = frame.inner();
      scope.set('loop', state.variable);
      assign(scope, round.item);
      if (run(scope) === 'break') break;
    }
    if (isEmpty) otherwise(frame.inner());
  };

  return (frame) => {
    loop(frame, iterated(frame), 0);
    return 'next';
  };
}
