import { problemsOf } from './tally.js';
import type { CellResult, Tally } from './tally.js';

const COLUMNS = [
  ['asked', (tally: Tally) => tally.asked],
  ['right', (tally: Tally) => tally.right],
  ['refused', (tally: Tally) => tally.refused],
  ['broken', (tally: Tally) => tally.broken],
  ['wrong', (tally: Tally) => tally.wrong],
  ['trunc.', (tally: Tally) => tally.truncated],
  ['hung', (tally: Tally) => tally.hung],
] as const;
const NAME_WIDTH = 23;
const COLUMN_WIDTH = 8;

/** The first line of the table. */
export function formatHead(): string {
  return `${'fault'.padEnd(NAME_WIDTH)}${COLUMNS.map(([name]) => name.padStart(COLUMN_WIDTH)).join('')}`;
}

/** One line of the table, and a further one for each thing that does not hold. */
export function formatResult(result: CellResult): string {
  const { cell, tally } = result;
  const cells = COLUMNS.map(([, value]) => String(value(tally)).padStart(COLUMN_WIDTH)).join('');
  const problems = problemsOf(result);
  const line = `${`${cell.subject}, ${cell.kind}`.padEnd(NAME_WIDTH)}${cells}`;
  if (problems.length === 0) return line;
  const reasons = [...tally.reasons].map(([reason, count]) => `${count} × ${reason}`);
  return [line, ...[...problems, ...reasons].map((text) => `  ! ${text}`)].join('\n');
}
