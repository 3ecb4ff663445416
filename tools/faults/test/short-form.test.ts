import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allCells } from '../src/cells.js';
import type { FaultKind, Subject } from '../src/cells.js';
import { runFaults } from '../src/fault-run.js';
import { formatResult } from '../src/format-results.js';
import { problemsOf } from '../src/tally.js';
import type { CellResult } from '../src/tally.js';

/** The matrix in short: of each kind of process the fault that asks most. `npm run faults` does all of them. */
const CELLS: readonly (readonly [Subject, FaultKind])[] = [
  ['both agents', 'term'],
  ['both agents', 'restart'],
  ['router', 'restart'],
  ['prefill', 'restart'],
  ['decode', 'restart'],
  ['frontend', 'term'],
  ['nats and redis', 'restart'],
];
const TIMES = { beforeMs: 2_000, deadMs: 3_000, afterMs: 3_000, settleMs: 30_000 };

describe('a distributed stack with two of each kind', () => {
  const results = new Map<string, CellResult>();
  const lines: string[] = [];
  const stop = new AbortController();

  beforeAll(async () => {
    await runFaults({
      cells: allCells().filter(({ subject, kind }) =>
        CELLS.some((cell) => cell.join() === [subject, kind].join()),
      ),
      clients: 6,
      times: TIMES,
      logLevel: 'warn',
      tell: (line) => lines.push(line),
      done: (result) => results.set(`${result.cell.subject}, ${result.cell.kind}`, result),
      signal: stop.signal,
    });
  }, 600_000);
  afterAll(() => stop.abort());

  it.each(CELLS)('loses no more than it may: %s, %s', (subject, kind) => {
    const result = results.get(`${subject}, ${kind}`);
    if (result === undefined) throw new TypeError('Cannot judge: the cell was not run');
    expect(problemsOf(result), formatResult(result)).toEqual([]);
  });
});
