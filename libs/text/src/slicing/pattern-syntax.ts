/** A regular expression as far as this package reads it; what can be read is told by `parsePattern`. */
export type PatternNode =
  /** One character, taken when `source` accepts it. */
  | { readonly kind: 'atom'; readonly source: string }
  /** A look at the next character, which is not taken. */
  | { readonly kind: 'look' }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly items: readonly PatternNode[] }
  /** At least `min` times; `isOpen` when it may be more often. */
  | { readonly kind: 'repeat'; readonly item: PatternNode; readonly min: number; readonly isOpen: boolean };

/** More copies of one item than any tokenizer's pattern has. */
const REPEAT_MIN_MAX = 16;

/**
 * Reads the source of an expression with the flags `g` and `u`.
 * @returns null for what looks back, looks further ahead than one character, anchors, refers to groups, or has modifiers.
 */
export function parsePattern(source: string): PatternNode | null {
  const reader = new PatternReader(source);
  const node = reader.choice();
  return reader.isAtEnd ? node : null;
}

class PatternReader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#source.length;
  }

  choice(): PatternNode | null {
    const items: PatternNode[] = [];
    do {
      const item = this.#sequence();
      if (item === null) return null;
      items.push(item);
    } while (this.#take('|'));
    return items.length === 1 ? (items[0] ?? null) : { kind: 'choice', items };
  }

  #sequence(): PatternNode | null {
    const items: PatternNode[] = [];
    while (!this.isAtEnd && !this.#isNext('|') && !this.#isNext(')')) {
      const item = this.#item();
      const repeated = item === null ? null : this.#repeated(item);
      if (repeated === null) return null;
      items.push(repeated);
    }
    return { kind: 'sequence', items };
  }

  #item(): PatternNode | null {
    if (this.#take('(?:')) return this.#group();
    if (this.#take('(?=') || this.#take('(?!')) return this.#look();
    if (this.#isNext('(?')) return null;
    if (this.#take('(')) return this.#group();
    return this.#atom(ATOM);
  }

  #group(): PatternNode | null {
    const node = this.choice();
    return this.#take(')') ? node : null;
  }

  #look(): PatternNode | null {
    return this.#atom(ATOM) !== null && this.#take(')') ? { kind: 'look' } : null;
  }

  #atom(pattern: RegExp): PatternNode | null {
    const source = this.#match(pattern);
    return source === null ? null : { kind: 'atom', source };
  }

  #repeated(item: PatternNode): PatternNode | null {
    const mark = this.#match(QUANTIFIER);
    if (mark === null) return item;
    this.#take('?');
    if (item.kind === 'look') return null;
    if (mark === '?' || mark === '*') return { kind: 'repeat', item, min: 0, isOpen: true };
    if (mark === '+') return { kind: 'repeat', item, min: 1, isOpen: true };
    const [min = '', max = min] = mark.slice(1, -1).split(',');
    if (Number(min) > REPEAT_MIN_MAX) return null;
    return { kind: 'repeat', item, min: Number(min), isOpen: max !== min };
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source)?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    return found;
  }

  #isNext(text: string): boolean {
    return this.#source.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    if (!this.#isNext(text)) return false;
    this.#at += text.length;
    return true;
  }
}

/** A class, an escape that is one character (no `\b`, `\B`, `\k` or number), or a character that means itself. */
const ATOM =
  /\[(?:\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u\{[0-9a-fA-F]+\}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\c[A-Za-z]|\\[sSdDwWrntfv0^$\\.*+?()[\]{}|/-]|[^\\^$*+?()[\]{}|]/uy;
const QUANTIFIER = /[?*+]|\{\d+(?:,\d*)?\}/y;
