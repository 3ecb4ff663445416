import { characterCount, characters, splitLines, UnsupportedError } from '@kvasir/python-values';

export interface WrapOptions {
  readonly width: number;
  readonly breaksLongWords: boolean;
  readonly newline: string;
  readonly breaksOnHyphens: boolean;
}

/** The filter `wordwrap`: Python's `textwrap` for every line. @throws UnsupportedError where hyphens could be borders. */
export function wrapWords(text: string, options: WrapOptions): string {
  if (options.breaksOnHyphens && text.includes('-'))
    throw new UnsupportedError('wrapping words with hyphens');
  if (options.width <= 0) throw new UnsupportedError('wrapping to no width');
  return splitLines(text, false)
    .map((line) => wrapLine(line, options).join(options.newline))
    .join(options.newline);
}

function wrapLine(line: string, { width, breaksLongWords }: WrapOptions): readonly string[] {
  const chunks = line.split(/([\t\n\v\f\r ]+)/).filter((chunk) => chunk !== '');
  const lines: string[] = [];
  while (chunks.length > 0) {
    if (isBlank(chunks[0]) && lines.length > 0) chunks.shift();
    const current: string[] = [];
    let length = 0;
    for (const chunk of chunks) {
      if (length + characterCount(chunk) > width) break;
      current.push(chunk);
      length += characterCount(chunk);
    }
    chunks.splice(0, current.length);
    const [long] = chunks;
    if (long !== undefined && characterCount(long) > width)
      takeLongWord(chunks, current, {
        room: Math.max(1, width - length),
        breaks: breaksLongWords,
      });
    if (isBlank(current.at(-1))) current.pop();
    if (current.length > 0) lines.push(current.join(''));
  }
  return lines;
}

function takeLongWord(
  chunks: string[],
  current: string[],
  { room, breaks }: { readonly room: number; readonly breaks: boolean },
): void {
  const [word = ''] = chunks;
  if (breaks) {
    const all = Array.from(characters(word));
    current.push(all.slice(0, room).join(''));
    chunks[0] = all.slice(room).join('');
  } else if (current.length === 0) {
    current.push(word);
    chunks.shift();
  }
}

function isBlank(chunk: string | undefined): boolean {
  return chunk !== undefined && chunk.trim() === '';
}
