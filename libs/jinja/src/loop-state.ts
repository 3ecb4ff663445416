import {
  equals,
  iterate,
  lengthOrNull,
  positionalOnly,
  PythonError,
  pyFunction,
  typeError,
} from '@kvasir/python-values';
import type { CallArguments, List, PyObject, Value } from '@kvasir/python-values';

export interface LoopOptions {
  /** How deep in recursive calls, from 0. */
  readonly depth0: number;
  /** Renders the loop again for other items; null when it is not `recursive`. */
  readonly recurse: ((items: Value, depth0: number) => Value) | null;
}

/** A loop under way and what its variable `loop` tells. Looks one item ahead only when asked to. */
export class LoopState {
  private iterator: Iterator<Value>;
  private knownLength: number | null;
  private index0 = -1;
  private ahead: IteratorResult<Value> | null = null;
  private current: Value = undefined;
  private previous: Value = undefined;
  private lastChanged: List | null = null;

  constructor(
    items: Value,
    private readonly options: LoopOptions,
    /** Keeps an item or not; null keeps all. */
    filter: ((item: Value) => boolean) | null,
  ) {
    const walk = iterate(items);
    this.iterator = (filter === null ? walk : filtered(walk, filter))[Symbol.iterator]();
    this.knownLength = filter === null ? lengthOrNull(items) : null;
  }

  /** The next item; null at the end. */
  next(): { readonly item: Value } | null {
    const step = this.ahead ?? this.iterator.next();
    this.ahead = null;
    if (step.done === true) return null;
    this.index0 += 1;
    this.previous = this.current;
    this.current = step.value;
    return { item: step.value };
  }

  /** The variable `loop`. */
  readonly variable: PyObject = {
    py: 'object',
    typeName: 'LoopContext',
    attribute: (name) => this.attribute(name),
    length: () => this.length(),
    call: (given) => this.call(given),
  };

  private attribute(name: string): Value {
    switch (name) {
      case 'index':
        return this.index0 + 1;
      case 'index0':
        return this.index0;
      case 'first':
        return this.index0 === 0;
      case 'last':
        return this.peek().done === true;
      case 'length':
        return this.length();
      case 'revindex':
        return this.length() - this.index0;
      case 'revindex0':
        return this.length() - this.index0 - 1;
      case 'previtem':
        return this.index0 === 0 ? undefined : this.previous;
      case 'nextitem': {
        const step = this.peek();
        return step.done === true ? undefined : step.value;
      }
      case 'depth':
        return this.options.depth0 + 1;
      case 'depth0':
        return this.options.depth0;
      case 'cycle':
        return pyFunction(name, (given) => this.cycle(given));
      case 'changed':
        return pyFunction(name, (given) => this.changed(given));
      default:
        return undefined;
    }
  }

  private peek(): IteratorResult<Value> {
    this.ahead ??= this.iterator.next();
    return this.ahead;
  }

  private length(): number {
    if (this.knownLength !== null) return this.knownLength;
    const rest: Value[] = [];
    for (let step = this.peek(); step.done !== true; step = this.iterator.next()) rest.push(step.value);
    this.ahead = null;
    this.iterator = rest.values();
    this.knownLength = rest.length + this.index0 + 1;
    return this.knownLength;
  }

  private cycle({ positional }: CallArguments): Value {
    if (positional.length === 0) throw typeError('no items for cycling given');
    return positional[this.index0 % positional.length];
  }

  private changed({ positional }: CallArguments): boolean {
    const last = this.lastChanged;
    if (last !== null && equals(last, positional)) return false;
    this.lastChanged = positional;
    return true;
  }

  private call(given: CallArguments): Value {
    const [items] = positionalOnly('loop', given, [1, 1]);
    if (this.options.recurse === null) {
      throw new PythonError(
        'TypeError',
        "The loop must have the 'recursive' marker to be called recursively.",
      );
    }
    return this.options.recurse(items, this.options.depth0 + 1);
  }
}

function* filtered(items: Iterable<Value>, keeps: (item: Value) => boolean): Generator<Value, void> {
  for (const item of items) if (keeps(item)) yield item;
}
