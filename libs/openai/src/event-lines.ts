/** An event of several lines, taken apart. Bytes stand for themselves (latin1), so that whatever is not looked at comes back as it came. */
export interface EventLines {
  /** The `data` lines together, as one text; null when there is none. */
  readonly payload: Buffer | null;
  /** The event with another payload, in one line or more where the first of its `data` lines stood; all lines end as the first one did. */
  withPayload(payload: Buffer): Buffer;
}

const DATA = 'data:';

/** @param event without the line ends behind its last line. */
export function readEventLines(event: Buffer): EventLines {
  const text = event.toString('latin1');
  const lines = text.split(/\r\n|\n|\r/);
  const data = lines.filter((line) => line.startsWith(DATA));
  return {
    payload: data.length === 0 ? null : Buffer.from(data.map(valueOf).join('\n').trim(), 'latin1'),
    withPayload(payload) {
      const lineEnd = /\r\n|\n|\r/.exec(text)?.[0] ?? '\n';
      const written = payload.toString('latin1').split('\n').map(dataLine);
      const first = lines.findIndex((line) => line.startsWith(DATA));
      const others = lines.slice(first).filter((line) => !line.startsWith(DATA));
      return Buffer.from([...lines.slice(0, first), ...written, ...others].join(lineEnd), 'latin1');
    },
  };
}

function dataLine(line: string): string {
  return `${DATA} ${line}`;
}

function valueOf(line: string): string {
  const start = DATA.length;
  return line.slice(line[start] === ' ' ? start + 1 : start);
}
