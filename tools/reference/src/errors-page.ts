/** One row of an error table; what else it has is shown by name. */
interface ErrorRow {
  readonly meaning: string;
  readonly [field: string]: unknown;
}

export interface ErrorTable {
  readonly title: string;
  /** Where a reader meets these codes. */
  readonly where: string;
  readonly errors: Readonly<Record<string, ErrorRow>>;
}

const INTRODUCTION = `# Errors

Every stable error code, generated from the tables in the code (\`npm run docs\`). Messages may change, codes do not.
`;

/** All error tables as one page. */
export function errorsPage(tables: readonly ErrorTable[]): string {
  return [INTRODUCTION, ...tables.map(formatTable)].join('\n');
}

function formatTable({ title, where, errors }: ErrorTable): string {
  const fields = [...new Set(Object.values(errors).flatMap((row) => Object.keys(row)))].filter(
    (field) => field !== 'meaning',
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `## ${title}`,
    '',
    where,
    '',
    line(['code', ...fields.map(words), 'meaning']),
    line(new Array<string>(fields.length + 2).fill('---')),
    ...Object.entries(errors).map(([code, row]) =>
      line([`\`${code}\``, ...fields.map((field) => cell(row[field])), row.meaning]),
    ),
    '',
  ].join('\n');
}

/** `grpcStatus` as `grpc status`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function cell(value: unknown): string {
  if (value === true) return 'yes';
  if (value === false || value === undefined) return 'no';
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value);
}
