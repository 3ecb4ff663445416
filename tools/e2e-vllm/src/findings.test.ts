import { describe, expect, it } from 'vitest';
import { Comparisons, formatFindings, holds } from './findings.js';

describe('Comparisons', () => {
  it('holds when something was compared and all was equal', () => {
    const comparisons = new Comparisons();
    expect(holds(comparisons.finding('direct', 'nothing', ''))).toBe(false);
    comparisons.same('turn 1', 64, 64);
    expect(holds(comparisons.finding('direct', 'turns', ''))).toBe(true);
    comparisons.same('turn 2', 96, 64);
    const finding = comparisons.finding('direct', 'turns', 'half');
    expect(holds(finding)).toBe(false);
    expect(formatFindings([finding])).toContain('turn 2: expected 96, saw 64');
  });
});
