import { describe, expect, it } from 'vitest';
import { REPEATED_LINES_MAX, RepeatedLines, REPEAT_PERIOD_MS } from './repeated-lines.js';

describe('RepeatedLines', () => {
  it('tells a line once in a period, and how many were withheld with the next', () => {
    let nowMs = 0;
    const lines = new RepeatedLines(() => nowMs);
    const tell = (workerId: string): number | null => lines.tell('leg failed', { workerId, attempts: nowMs });
    expect([tell('a'), tell('a'), tell('b'), tell('a')]).toEqual([0, null, 0, null]);
    nowMs = REPEAT_PERIOD_MS - 1;
    expect(tell('a')).toBeNull();
    nowMs += 1;
    expect([tell('a'), tell('a'), tell('b')]).toEqual([3, null, 0]);
    nowMs += 2 * REPEAT_PERIOD_MS;
    expect(tell('a')).toBe(1);
  });

  it('forgets the line that was told longest ago beyond what it may remember', () => {
    const lines = new RepeatedLines(() => 0);
    for (let index = 0; index <= REPEATED_LINES_MAX; index += 1) lines.tell('x', { workerId: `w${index}` });
    expect(lines.tell('x', { workerId: `w${REPEATED_LINES_MAX}` })).toBeNull();
    expect(lines.tell('x', { workerId: 'w0' })).toBe(0);
  });
});
