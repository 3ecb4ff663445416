import { float } from '@kvasir/python-values';
import type { PyFloat } from '@kvasir/python-values';
import { readEscapes } from './string-escapes.js';

export type Token =
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number | bigint | PyFloat }
  | { readonly kind: 'operator'; readonly text: string };

export type Scanning =
  | { readonly kind: 'ok'; readonly tokens: readonly Token[]; readonly end: number }
  | { readonly kind: 'failed'; readonly reason: string; readonly at: number };

const SPACE = /\s+/y;
const ENDS = { print: /-\}\}\s*|\}\}/y, block: /\+%\}|-%\}\s*|%\}\n?/y } as const;
const FLOAT = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const NAME = /[\p{L}\p{Nl}_][\p{L}\p{N}\p{M}\p{Pc}]*/uy;
const TEXT = /'([^'\\]*(?:\\.[^'\\]*)*)'|"([^"\\]*(?:\\.[^"\\]*)*)"/sy;
const OPERATOR = /\*\*|\/\/|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y;
const CLOSERS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Reads the tokens from behind an opening delimiter up to its end. A delimiter inside brackets is none. */
export function scanExpression(source: string, from: number, within: 'print' | 'block'): Scanning {
  const tokens: Token[] = [];
  const open: string[] = [];
  let at = from;
  while (at < source.length) {
    const end = open.length === 0 ? matchAt(ENDS[within], source, at) : null;
    if (end !== null) return { kind: 'ok', tokens, end: at + end[0].length };
    const space = matchAt(SPACE, source, at);
    if (space !== null) {
      at += space[0].length;
      continue;
    }
    const scanned = scanToken(source, at);
    if (scanned === null) return { kind: 'failed', reason: `unexpected char ${source.charAt(at)}`, at };
    if (scanned.token.kind === 'operator' && !balance(open, scanned.token.text)) {
      return { kind: 'failed', reason: `unexpected '${scanned.token.text}'`, at };
    }
    tokens.push(scanned.token);
    at += scanned.length;
  }
  return { kind: 'failed', reason: 'unexpected end of template', at };
}

function balance(open: string[], operator: string): boolean {
  if (operator === '(' || operator === '[' || operator === '{') open.push(operator);
  const opener = CLOSERS[operator];
  return opener === undefined || open.pop() === opener;
}

interface Scanned {
  readonly token: Token;
  readonly length: number;
}

function scanToken(source: string, at: number): Scanned | null {
  const decimal = source.charAt(at - 1) === '.' ? null : matchAt(FLOAT, source, at);
  if (decimal !== null) {
    const value = float(Number(decimal[0].replaceAll('_', '')));
    return { token: { kind: 'number', value }, length: decimal[0].length };
  }
  const whole = matchAt(INTEGER, source, at);
  if (whole !== null)
    return { token: { kind: 'number', value: integerOf(whole[0]) }, length: whole[0].length };
  const name = matchAt(NAME, source, at);
  if (name !== null) return { token: { kind: 'name', text: name[0] }, length: name[0].length };
  const text = matchAt(TEXT, source, at);
  if (text !== null) {
    const value = readEscapes(text[1] ?? text[2] ?? '');
    return { token: { kind: 'text', value }, length: text[0].length };
  }
  const operator = matchAt(OPERATOR, source, at);
  if (operator === null) return null;
  return { token: { kind: 'operator', text: operator[0] }, length: operator[0].length };
}

function integerOf(digits: string): number | bigint {
  const value = BigInt(digits.replaceAll('_', ''));
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}
