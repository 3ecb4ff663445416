import { describe, expect, it } from 'vitest';
import { strftime } from './strftime.js';

const time = {
  ...{ year: 2024, month: 3, day: 7, weekday: 4 },
  ...{ hour: 0, minute: 5, second: 9, millisecond: 12 },
};

describe('strftime()', () => {
  it('writes dates as Python does', () => {
    expect(strftime('%d %b %Y %A %B %a %j %H:%M:%S %I %p %y %% %-d %F %T %f %e %w', time)).toBe(
      '07 Mar 2024 Thursday March Thu 067 00:05:09 12 AM 24 % 7 2024-03-07 00:05:09 012000  7 4',
    );
  });

  it.each(['%c', '%Q', 'x%'])('has no answer for %s', (format) => {
    expect(strftime(format, time)).toBeNull();
  });
});
