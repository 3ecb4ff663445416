import { describe, expect, it } from 'vitest';
import { retryAfterMs, RETRY_AFTER_MS_MAX } from './retry-after.js';

const NOW = Date.parse('Sun, 06 Nov 1994 08:49:37 GMT');

describe('retryAfterMs()', () => {
  it.each([
    ['17', 17_000],
    [' 0 ', 0],
    ['999999999999', RETRY_AFTER_MS_MAX],
    ['Sun, 06 Nov 1994 08:50:07 GMT', 30_000],
    ['Sun, 06 Nov 1994 08:00:00 GMT', 0],
    ['Mon, 06 Nov 2034 08:00:00 GMT', RETRY_AFTER_MS_MAX],
    ['', null],
    ['-1', null],
    ['1.5', null],
    ['soon', null],
    ['Sunday, whenever', null],
    [undefined, null],
    [['3', '4'], 3_000],
  ])('reads %j as %s', (value, expected) => {
    expect(retryAfterMs(value, NOW)).toBe(expected);
  });
});
