import type { Token } from './expression-tokens.js';
import { TemplateSyntaxError } from './syntax-error.js';

/** Walks the tokens of one print or block. */
export class TokenReader {
  private at = 0;

  constructor(
    private readonly tokens: readonly Token[],
    readonly line: number,
  ) {}

  /** Null at the end. */
  get current(): Token | null {
    return this.tokens[this.at] ?? null;
  }

  get isAtEnd(): boolean {
    return this.at >= this.tokens.length;
  }

  isOperator(text: string, ahead = 0): boolean {
    const token = this.tokens[this.at + ahead];
    return token?.kind === 'operator' && token.text === text;
  }

  isName(text: string, ahead = 0): boolean {
    const token = this.tokens[this.at + ahead];
    return token?.kind === 'name' && token.text === text;
  }

  skip(): void {
    this.at += 1;
  }

  takesOperator(text: string): boolean {
    const isThere = this.isOperator(text);
    if (isThere) this.at += 1;
    return isThere;
  }

  takesName(text: string): boolean {
    const isThere = this.isName(text);
    if (isThere) this.at += 1;
    return isThere;
  }

  /** The text of an operator among some, which is taken; null when another token is there. */
  takesOneOf<Text extends string>(texts: readonly Text[]): Text | null {
    const found = texts.find((text) => this.isOperator(text)) ?? null;
    if (found !== null) this.at += 1;
    return found;
  }

  expectOperator(text: string): void {
    if (!this.takesOperator(text)) throw this.unexpected(`'${text}'`);
  }

  expectKeyword(text: string): void {
    if (!this.takesName(text)) throw this.unexpected(`'${text}'`);
  }

  expectName(): string {
    const token = this.current;
    if (token?.kind !== 'name') throw this.unexpected('a name');
    this.at += 1;
    return token.text;
  }

  expectEnd(): void {
    if (!this.isAtEnd) throw this.unexpected('the end of the tag');
  }

  unexpected(wanted: string): TemplateSyntaxError {
    return this.fail(`expected ${wanted}, got ${describe(this.current)}`);
  }

  fail(message: string): TemplateSyntaxError {
    return new TemplateSyntaxError(message, this.line);
  }
}

function describe(token: Token | null): string {
  if (token === null) return 'the end of the tag';
  return token.kind === 'number' ? 'a number' : `'${token.kind === 'text' ? token.value : token.text}'`;
}
