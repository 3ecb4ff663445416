import { describe, expect, it } from 'vitest';
import { assertSubject, compilePattern } from './subject-pattern.js';

const fits = (pattern: string, subject: string): boolean =>
  compilePattern(pattern)(subject, subject.split('.'));

describe('compilePattern()', () => {
  it.each([
    ['a.b.c', 'a.b.c', true],
    ['a.b.c', 'a.b', false],
    ['a.b.c', 'a.b.c.d', false],
    ['a.*.c', 'a.b.c', true],
    ['a.*.c', 'a.b.d', false],
    ['a.*.c', 'a.b.b.c', false],
    ['*', 'a', true],
    ['*', 'a.b', false],
    ['*.*', 'a.b', true],
    ['a.>', 'a.b', true],
    ['a.>', 'a.b.c', true],
    ['a.>', 'a', false],
    ['a.*.>', 'a.b.c', true],
    ['a.*.>', 'a.b', false],
    ['>', 'a.b.c', true],
  ])('%s and %s: %s', (pattern, subject, expected) => {
    expect(fits(pattern, subject)).toBe(expected);
  });

  it.each(['', '.', 'a.', '.a', 'a..b', 'a.>.b', 'a b', 'a*', 'a.b>', '>>'])('refuses %j', (pattern) => {
    expect(() => compilePattern(pattern)).toThrow(TypeError);
  });
});

describe('assertSubject()', () => {
  it.each(['', 'a.', 'a..b', 'a.*', 'a.>', 'a b', 'a\n'])('refuses %j', (subject) => {
    expect(() => assertSubject(subject)).toThrow(TypeError);
  });

  it('takes tokens of anything else', () => {
    expect(() => assertSubject('kvasir.v1.x.kv.gpu%2E7.0')).not.toThrow();
  });
});
