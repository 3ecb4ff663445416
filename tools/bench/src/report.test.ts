import { describe, expect, it } from 'vitest';
import { figure, formatBudgets } from './report.js';

describe('formatBudgets()', () => {
  it('names the budgets that are missed', () => {
    const text = formatBudgets([
      { work: 'hash', budget: '≤ 100 µs', measured: '80 µs', isMet: true },
      { work: 'match', budget: '≤ 20 µs', measured: '30 µs', isMet: false },
    ]);
    expect(text).toContain('1 of 2 budgets are missed: match.');
    expect(text).toMatch(/match .* MISSED/);
  });

  it('says so when all are met', () => {
    expect(formatBudgets([{ work: 'a', budget: 'b', measured: 'c', isMet: true }])).toContain(
      'All 1 budgets are met.',
    );
  });
});

describe('figure()', () => {
  it.each([
    [97.312, '97.3'],
    [0.04123, '0.0412'],
    [1239.6, '1,240'],
    [0, '0'],
  ])('writes %d as %s', (value, text) => expect(figure(value)).toBe(text));
});
