/** One budget of docs/architecture.md beside what was measured. */
export interface BudgetLine {
  readonly work: string;
  readonly budget: string;
  readonly measured: string;
  readonly isMet: boolean;
}

/** A suite measures one part and answers with its budget lines; figures without a budget go to `note`. */
export interface Suite {
  readonly name: string;
  run(note: (text: string) => void): Promise<readonly BudgetLine[]>;
}

/** The closing table: every budget, what was measured, and plainly which are missed. */
export function formatBudgets(lines: readonly BudgetLine[]): string {
  const width = (pick: (line: BudgetLine) => string, title: string): number =>
    Math.max(title.length, ...lines.map((line) => pick(line).length));
  const work = width((line) => line.work, 'work');
  const budget = width((line) => line.budget, 'budget');
  const measured = width((line) => line.measured, 'measured');
  const row = (cells: readonly [string, string, string, string]): string =>
    `${cells[0].padEnd(work)}  ${cells[1].padEnd(budget)}  ${cells[2].padEnd(measured)}  ${cells[3]}`.trimEnd();
  const missed = lines.filter((line) => !line.isMet);
  return [
    row(['work', 'budget', 'measured', '']),
    row(['-'.repeat(work), '-'.repeat(budget), '-'.repeat(measured), '------']),
    ...lines.map((line) => row([line.work, line.budget, line.measured, line.isMet ? 'met' : 'MISSED'])),
    '',
    missed.length === 0
      ? `All ${String(lines.length)} budgets are met.`
      : `${String(missed.length)} of ${String(lines.length)} budgets are missed: ${missed.map((line) => line.work).join('; ')}.`,
  ].join('\n');
}

/** A figure with three significant digits, without an exponent: `97.3`, `0.0412`, `1,240`. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
