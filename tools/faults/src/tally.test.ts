import { describe, expect, it } from 'vitest';
import type { Cell } from './cells.js';
import { problemsOf, Tallies } from './tally.js';

const RIGHT = { status: 200, text: 'all', isFinished: true, error: null, silentMs: 1 };

function problems(allows: Cell['allows'], lost: number, underWay: number): readonly string[] {
  const tallies = new Tallies();
  tallies.add(RIGHT, 'all');
  for (let count = 0; count < lost; count += 1)
    tallies.add({ ...RIGHT, text: 'a', isFinished: false, error: 'it ended' }, 'all');
  const cell: Cell = { subject: 'decode', kind: 'kill', allows };
  return problemsOf({ cell, tally: tallies.tally(), underWay, unsettled: [] });
}

describe('problemsOf', () => {
  it('counts what may be lost', () => {
    expect(problems('nothing', 0, 3)).toEqual([]);
    expect(problems('nothing', 1, 3)).toEqual(['1 lost, none may be']);
    expect(problems('underWay', 3, 3)).toEqual([]);
    expect(problems('underWay', 4, 3)).toEqual(['4 lost, 3 were under way there']);
    expect(problems('outage', 40, 3)).toEqual([]);
  });

  it('allows no wrong, truncated or hung answer in any cell', () => {
    const tallies = new Tallies();
    tallies.add({ ...RIGHT, text: 'other' }, 'all');
    tallies.add({ ...RIGHT, text: 'al' }, 'all');
    tallies.add({ ...RIGHT, silentMs: 20_000 }, 'all');
    const cell: Cell = { subject: 'both decode', kind: 'kill', allows: 'outage' };
    const tally = tallies.tally();
    expect(problemsOf({ cell, tally, underWay: 0, unsettled: ['2 bookings'] })).toEqual([
      '2 bookings',
      '1 wrong',
      '1 truncated',
      '1 hung',
    ]);
    expect([...tally.reasons]).toEqual([
      ['wrong: status 200', 1],
      ['truncated: status 200', 1],
    ]);
  });
});
