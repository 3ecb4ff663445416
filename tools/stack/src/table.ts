/** One line of the table that `npm start` ends in. */
export interface StackPart {
  readonly what: string;
  readonly where: string;
  readonly note: string;
}

/** Rows of text in columns as wide as their widest cell, two spaces apart; no trailing blanks. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** What a person sees once the stack is ready: what runs where, and a line to paste. */
export function formatReady(stack: {
  readonly url: string;
  readonly model: string;
  readonly loraNames: readonly string[];
  readonly parts: readonly StackPart[];
}): string {
  const rows = stack.parts.map((part) => [part.what, part.where, part.note]);
  const body = `{"model":"${stack.model}","messages":[{"role":"user","content":"Who was Kvasir?"}],"max_tokens":40,"stream":true}`;
  const models = [stack.model, ...stack.loraNames].join(', ');
  return [
    '',
    formatTable(rows)
      .split('\n')
      .map((line) => `  ${line}`)
      .join('\n'),
    '',
    `Ready: ${stack.url}/v1   ${stack.loraNames.length === 0 ? 'model' : 'models'}: ${models}   Ctrl-C stops everything`,
    '',
    `  curl -N ${stack.url}/v1/chat/completions -H 'content-type: application/json' \\`,
    `    -d '${body}'`,
    '',
  ].join('\n');
}
