import { describe, expect, it } from 'vitest';
import { readHeaderHints } from './header-hints.js';

const body = { ttftTargetMs: 5, itlTargetMs: null, priority: 1, sessionId: 'body' };

describe('readHeaderHints()', () => {
  it('takes headers before the body, and the body where there is none', () => {
    expect(readHeaderHints({}, body)).toEqual({ kind: 'ok', hints: body });
    const headers = {
      'x-kvasir-ttft-target-ms': '0',
      'x-kvasir-itl-target-ms': '12.5',
      'x-kvasir-priority': '-3',
      'x-kvasir-session': 'header',
    };
    expect(readHeaderHints(headers, body)).toEqual({
      kind: 'ok',
      hints: { ttftTargetMs: 0, itlTargetMs: 12.5, priority: -3, sessionId: 'header' },
    });
  });

  it.each([
    ['x-kvasir-ttft-target-ms', '-1', 'must be a time in milliseconds, received "-1"'],
    ['x-kvasir-itl-target-ms', 'soon', 'must be a time in milliseconds, received "soon"'],
    ['x-kvasir-priority', '1.5', 'must be a whole number, received "1.5"'],
    ['x-kvasir-session', 's'.repeat(257), 'must be at most 256 characters'],
  ])('refuses %s: %s', (name, text, message) => {
    expect(readHeaderHints({ [name]: text }, body)).toMatchObject({
      kind: 'invalid',
      error: { status: 400, param: name, message: expect.stringContaining(message) as string },
    });
  });
});
