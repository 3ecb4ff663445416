import type { Examination, Result } from './examination.js';

const COLUMNS = 80;
const MARKS: Readonly<Record<Result['kind'], string>> = { ok: '✓', warning: '✗', error: '✗', unknown: '?' };

/** What a person reads: ticks, crosses and remedies, at most 80 columns wide where words allow it. */
export function reportText(examinations: readonly Examination[]): string {
  const blocks = examinations.map(({ address, results }) =>
    [address, ...results.flatMap((one) => linesOf(one))].join('\n'),
  );
  return `${[...blocks, summary(examinations)].join('\n\n')}\n`;
}

function linesOf({ kind, title, seen, remedy }: Result): readonly string[] {
  const mark = kind === 'error' || kind === 'warning' ? `${MARKS[kind]} ${kind}: ` : `${MARKS[kind]} `;
  return [
    ...wrapped(`${mark}${title}`, '  ', '    '),
    ...(seen === null ? [] : wrapped(seen, '    ', '    ')),
    ...(remedy === null ? [] : wrapped(`→ ${remedy}`, '    ', '      ')),
  ];
}

function summary(examinations: readonly Examination[]): string {
  const kinds = examinations.flatMap(({ results }) => results.map(({ kind }) => kind));
  const [errors, warnings] = (['error', 'warning'] as const).map(
    (kind) => kinds.filter((one) => one === kind).length,
  );
  if (errors === 0 && warnings === 0) return 'Nothing is wrong.';
  return `${count(errors ?? 0, 'error')}, ${count(warnings ?? 0, 'warning')}.`;
}

function count(amount: number, what: string): string {
  return `${amount} ${what}${amount === 1 ? '' : 's'}`;
}

/** A word that is longer than a line stays whole: it may have to be copied. */
function wrapped(text: string, first: string, rest: string): readonly string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(/\s+/)) {
    if (!isEmpty && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      [line, isEmpty] = [rest, true];
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
