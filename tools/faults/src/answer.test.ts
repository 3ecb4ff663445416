import { describe, expect, it } from 'vitest';
import { HUNG_MS, isHung, judge } from './answer.js';
import type { Received } from './answer.js';

const whole: Received = { status: 200, text: 'one two', isFinished: true, error: null, silentMs: 5 };

describe('judge', () => {
  it.each([
    ['right', whole],
    ['truncated', { ...whole, text: 'one' }],
    ['wrong', { ...whole, text: 'two' }],
    ['wrong', { ...whole, text: 'one two three' }],
    ['wrong', { ...whole, text: 'two', error: 'it failed' }],
    ['broken', { ...whole, text: 'one', isFinished: false }],
    ['broken', { ...whole, text: '', error: 'it failed' }],
    ['broken', { ...whole, status: null, text: '', isFinished: false }],
    ['refused', { ...whole, status: 503, text: '', isFinished: true }],
  ] as const)('calls it %s', (verdict, received) => {
    expect(judge(received, 'one two')).toBe(verdict);
  });

  it('calls silence hung, however it ended', () => {
    expect(isHung({ ...whole, silentMs: HUNG_MS + 1 })).toBe(true);
    expect(isHung({ ...whole, silentMs: HUNG_MS })).toBe(false);
  });
});
