import { parsePattern } from './pattern-syntax.js';
import type { PatternNode } from './pattern-syntax.js';

/** What a pattern that is matched again and again along a text looks at around one place. */
export interface PatternReach {
  /** False when no match, and no attempt at one, looks on from `left` to `right` behind it: cutting there changes no match. */
  crosses(left: string, right: string): boolean;
  /** True when a match that is begun at this character succeeds, whatever follows. */
  begins(right: string): boolean;
}

/**
 * Works out the reach from the positions of the expression and which may follow which (Glushkov's construction).
 * @returns null when the pattern may look further than this tells, or may match nothing.
 */
export function readReach({ source, flags }: RegExp): PatternReach | null {
  if (flags !== 'gu') return null;
  const node = parsePattern(source);
  if (node === null) return null;
  const positions = new Positions();
  const whole = positions.add(node);
  if (whole === null || whole.takesNothing) return null;
  return {
    crosses: (left, right) => positions.crosses(left, right),
    begins: (right) => whole.first.some((at) => whole.last.includes(at) && positions.accepts(at, right)),
  };
}

/** A part of an expression: where it may begin and end. */
interface Part {
  readonly first: readonly number[];
  readonly last: readonly number[];
  /** It may be left out. */
  readonly isOptional: boolean;
  /** It may match without taking a character. */
  readonly takesNothing: boolean;
}

interface Position {
  /** Null looks ahead. */
  readonly accepted: RegExp | null;
  readonly next: Set<number>;
}

/** More than any tokenizer's pattern has; the table of what follows what is square. */
const POSITIONS_MAX = 512;

class Positions {
  readonly #positions: Position[] = [];

  accepts(at: number, character: string): boolean {
    return this.#positions[at]?.accepted?.test(character) ?? false;
  }

  crosses(left: string, right: string): boolean {
    return this.#positions.some(
      ({ accepted, next }) =>
        (accepted?.test(left) ?? false) &&
        [...next].some((at) => this.#positions[at]?.accepted === null || this.accepts(at, right)),
    );
  }

  add(node: PatternNode): Part | null {
    switch (node.kind) {
      case 'atom':
        return this.#addPosition(new RegExp(`^(?:${node.source})$`, 'u'));
      case 'look':
        return this.#addPosition(null);
      case 'sequence':
        return this.#addAll(node.items, EMPTY, (before, after) => this.#follow(before, after));
      case 'choice':
        return this.#addAll(node.items, IMPOSSIBLE, either);
      case 'repeat':
        return this.#addRepeated(node);
    }
  }

  #addPosition(accepted: RegExp | null): Part | null {
    const at = this.#positions.length;
    if (at >= POSITIONS_MAX) return null;
    this.#positions.push({ accepted, next: new Set() });
    return { first: [at], last: [at], isOptional: false, takesNothing: accepted === null };
  }

  #addAll(items: readonly PatternNode[], start: Part, join: (a: Part, b: Part) => Part): Part | null {
    let joined = start;
    for (const item of items) {
      const part = this.add(item);
      if (part === null) return null;
      joined = join(joined, part);
    }
    return joined;
  }

  #addRepeated({ item, min, isOpen }: Extract<PatternNode, { kind: 'repeat' }>): Part | null {
    const copies = Array.from({ length: isOpen && min === 0 ? 1 : min }, () => item);
    if (!isOpen) return this.#addAll(copies, EMPTY, (before, after) => this.#follow(before, after));
    const required = this.#addAll(copies.slice(1), EMPTY, (before, after) => this.#follow(before, after));
    const repeated = this.add(item);
    if (required === null || repeated === null) return null;
    this.#follow(repeated, repeated);
    const isOptional = min === 0 || repeated.isOptional;
    const takesNothing = min === 0 || repeated.takesNothing;
    return this.#follow(required, { ...repeated, isOptional, takesNothing });
  }

  #follow(before: Part, after: Part): Part {
    for (const at of before.last) {
      for (const next of after.first) this.#positions[at]?.next.add(next);
    }
    return {
      first: before.isOptional ? [...before.first, ...after.first] : before.first,
      last: after.isOptional ? [...before.last, ...after.last] : after.last,
      isOptional: before.isOptional && after.isOptional,
      takesNothing: before.takesNothing && after.takesNothing,
    };
  }
}

const EMPTY: Part = { first: [], last: [], isOptional: true, takesNothing: true };
const IMPOSSIBLE: Part = { first: [], last: [], isOptional: false, takesNothing: false };

function either(one: Part, other: Part): Part {
  return {
    first: [...one.first, ...other.first],
    last: [...one.last, ...other.last],
    isOptional: one.isOptional || other.isOptional,
    takesNothing: one.takesNothing || other.takesNothing,
  };
}
