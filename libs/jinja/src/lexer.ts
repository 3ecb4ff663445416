import { isSpace, stripEnd } from '@kvasir/python-values';
import { scanExpression } from './expression-tokens.js';
import type { Token } from './expression-tokens.js';
import { TemplateSyntaxError } from './syntax-error.js';

/** A stretch of text, or what stands between delimiters. */
export type Piece =
  | { readonly kind: 'data'; readonly text: string }
  | { readonly kind: 'print' | 'block'; readonly tokens: readonly Token[]; readonly line: number };

const OPENING = /\{%[-+]?\s*raw\s*(?:-%\}\s*|%\})|\{[%{#][-+]?/g;
const RAW_END = /\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\}\n?)/g;
const COMMENT_END = /(?:\+#\}|-#\}\s*|#\}\n?)/g;

/**
 * Cuts a template into pieces, with line ends as \n, blocks taking the line end behind them and the white space before them on their
 * line (`trim_blocks`, `lstrip_blocks`), as chat templates are rendered.
 * @throws TemplateSyntaxError
 */
export function cutTemplate(template: string): readonly Piece[] {
  return new Cutter(template.replace(/\r\n?/g, '\n').replace(/\n$/, '')).cut();
}

class Cutter {
  private readonly pieces: Piece[] = [];
  private at = 0;
  /** Whether what stands at `at` begins a line. */
  private beginsLine = true;

  constructor(private readonly source: string) {}

  cut(): readonly Piece[] {
    for (;;) {
      OPENING.lastIndex = this.at;
      const opening = OPENING.exec(this.source);
      if (opening === null) break;
      const [whole] = opening;
      const before = this.source.slice(this.at, opening.index);
      const end = opening.index + whole.length;
      if (/raw/.test(whole)) this.cutRaw(before, signOf(whole), end, whole);
      else if (whole.startsWith('{#')) this.cutComment(before, signOf(whole), end);
      else this.cutExpression(before, whole, end);
    }
    this.add(this.source.slice(this.at));
    return this.pieces;
  }

  private cutRaw(before: string, sign: string, end: number, opening: string): void {
    this.addBefore(before, sign);
    RAW_END.lastIndex = end;
    const close = RAW_END.exec(this.source);
    if (close === null) throw this.fail('Missing end of raw directive', end);
    this.beginsLine = opening.endsWith('\n');
    this.addBefore(this.source.slice(end, close.index), close[1] ?? '');
    this.moveTo(close.index + close[0].length);
  }

  private cutComment(before: string, sign: string, end: number): void {
    this.addBefore(before, sign);
    COMMENT_END.lastIndex = end;
    const close = COMMENT_END.exec(this.source);
    if (close === null) throw this.fail('Missing end of comment tag', end);
    this.moveTo(close.index + close[0].length);
  }

  private cutExpression(before: string, opening: string, end: number): void {
    const isPrint = opening.startsWith('{{');
    if (isPrint && signOf(opening) !== '-') this.add(before);
    else this.addBefore(before, signOf(opening));
    const scanned = scanExpression(this.source, end, isPrint ? 'print' : 'block');
    if (scanned.kind === 'failed') throw this.fail(scanned.reason, scanned.at);
    this.pieces.push({ kind: isPrint ? 'print' : 'block', tokens: scanned.tokens, line: this.lineOf(end) });
    this.moveTo(scanned.end);
  }

  /** The text before a tag that may take white space away. */
  private addBefore(text: string, sign: string): void {
    if (sign === '-') this.add(stripEnd(text, isSpace));
    else this.add(sign === '+' ? text : this.withoutIndent(text));
  }

  private withoutIndent(text: string): string {
    const lineStart = text.lastIndexOf('\n') + 1;
    if (lineStart === 0 && !this.beginsLine) return text;
    return stripEnd(text.slice(lineStart), isSpace) === '' ? text.slice(0, lineStart) : text;
  }

  private add(text: string): void {
    if (text !== '') this.pieces.push({ kind: 'data', text });
  }

  private moveTo(end: number): void {
    this.at = end;
    this.beginsLine = this.source.charAt(end - 1) === '\n';
  }

  private lineOf(at: number): number {
    return this.source.slice(0, at).split('\n').length;
  }

  private fail(reason: string, at: number): TemplateSyntaxError {
    return new TemplateSyntaxError(reason, this.lineOf(at));
  }
}

function signOf(opening: string): string {
  return /^..([-+])/.exec(opening)?.[1] ?? '';
}
