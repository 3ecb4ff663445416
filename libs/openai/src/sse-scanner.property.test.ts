import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseScanner } from './sse-scanner.js';

/** What an event says, in the terms of the scanner. */
interface Said {
  readonly payload: string | null;
  readonly isToken?: boolean;
  readonly isFinish?: boolean;
  readonly cachedTokens?: number;
}

const token: Said = { payload: '{"choices":[{"text":"a é"}]}', isToken: true };
const said = fc.constantFrom<Said>(
  token,
  { payload: '{"choices":[{"text":"x","finish_reason":"stop"}]}', isToken: true, isFinish: true },
  {
    payload:
      '{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}}',
    cachedTokens: 4,
  },
  { payload: '[DONE]' },
  { payload: null },
);

/** An event as lines: its payload in one line or more, with comments and other fields about it. */
const event = fc.record({
  said,
  before: fc.array(fc.constantFrom(': ping', 'event: chunk', 'id: 7', 'retry: 3'), { maxLength: 2 }),
  space: fc.constantFrom('', ' '),
  /** JSON may go over several lines wherever it has a comma between members. */
  isBroken: fc.boolean(),
});

type EventShape = typeof event extends fc.Arbitrary<infer Shape> ? Shape : never;

function linesOf({ said: { payload }, before, space, isBroken }: EventShape): string[] {
  if (payload === null) return [...before, ': nothing'];
  const texts = isBroken && payload !== '[DONE]' ? payload.split(/(?<=[[{,])(?=")/) : [payload];
  return [...before, ...texts.map((text) => `data:${space}${text}`)];
}

const stream = fc.record({
  events: fc.array(event, { maxLength: 8 }),
  ends: fc.array(fc.constantFrom('\n', '\r\n', '\r'), { minLength: 1, maxLength: 7 }),
  hasMark: fc.boolean(),
});

function write({ events, ends, hasMark }: typeof stream extends fc.Arbitrary<infer S> ? S : never): Buffer {
  let text = hasMark ? '\ufeff' : '';
  let count = 0;
  const endLine = (): void => {
    const end = ends[(count += 1) % ends.length] ?? '\n';
    // A CR and an LF of two line ends in a row would be one.
    text += text.endsWith('\r') && end === '\n' ? '\r\n' : end;
  };
  for (const it of events) {
    for (const line of linesOf(it)) {
      text += line;
      endLine();
    }
    endLine();
  }
  return Buffer.from(text);
}

/** What a client reads: the payload of each event, by the letter of the standard. */
function read(bytes: Buffer): readonly string[] {
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  const events = text.replaceAll(/\r\n|\r/g, '\n').split('\n\n');
  return events.flatMap((event) => {
    const data = event.split('\n').filter((line) => line.startsWith('data:'));
    return data.length === 0 ? [] : [data.map((line) => line.replace(/^data: ?/, '')).join('\n')];
  });
}

function parsed(payload: string): unknown {
  return payload === '[DONE]' ? payload : JSON.parse(payload);
}

/** What a client is to read. */
function told({ payload, cachedTokens }: Said, patch: number | null, isHiding: boolean): readonly unknown[] {
  if (payload === null || (isHiding && cachedTokens !== undefined)) return [];
  const mark = '"cached_tokens":';
  const text = patch === null ? payload : payload.replace(`${mark}${cachedTokens ?? ''}`, `${mark}${patch}`);
  return [parsed(text)];
}

function feed(scanner: SseScanner, bytes: Buffer, cuts: readonly number[]): Buffer {
  const edges = [
    0,
    ...[...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b),
    bytes.length,
  ];
  const out: Buffer[] = [];
  for (let index = 1; index < edges.length; index += 1) {
    // A copy that is overwritten afterwards, as the transport's buffers are.
    const chunk = Buffer.from(bytes.subarray(edges[index - 1], edges[index]));
    out.push(Buffer.from(scanner.push(chunk)));
    chunk.fill(0x21);
  }
  out.push(scanner.end());
  return Buffer.concat(out);
}

const change = fc.record({ isPatching: fc.boolean(), isHiding: fc.boolean() });

describe('SseScanner, on any stream', () => {
  it('finds what was said, however lines end, are broken, and are cut', () => {
    fc.assert(
      fc.property(
        stream,
        fc.array(fc.nat(), { maxLength: 30 }),
        change,
        (shape, cuts, { isPatching, isHiding }) => {
          const bytes = write(shape);
          const scanner = new SseScanner({ cachedTokens: isPatching ? 77 : null, hidesUsage: isHiding });
          const relayed = feed(scanner, bytes, cuts);
          const all = shape.events.map((it) => it.said);
          expect(scanner.isDone).toBe(all.some(({ payload }) => payload === '[DONE]'));
          expect(scanner.isFinished).toBe(all.some(({ isFinish }) => isFinish === true));
          expect(scanner.tokenEvents).toBe(all.filter(({ isToken }) => isToken === true).length);
          const usage = all.findLast(({ cachedTokens }) => cachedTokens !== undefined);
          expect(scanner.usage === null).toBe(usage === undefined);
          expect(scanner.oversizedEvents).toBe(0);
          const patch = isPatching ? 77 : null;
          expect(read(relayed).map(parsed)).toEqual(all.flatMap((it) => told(it, patch, isHiding)));
          if (usage === undefined || (patch === null && !isHiding)) expect(relayed.equals(bytes)).toBe(true);
          if (patch !== null && usage !== undefined) expect(scanner.usage?.cachedTokens).toBe(patch);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it.each([null, 5])(
    'passes an event unread exactly when it is too long, however it is cut (patch %s)',
    (cachedTokens) => {
      fc.assert(
        fc.property(fc.array(fc.nat({ max: 90 }), { maxLength: 8 }), fc.array(fc.nat()), (lengths, cuts) => {
          const events = lengths.map((length) => `data: ${'x'.repeat(length)}\n\n`);
          const bytes = Buffer.from(`${events.join('')}data: [DONE]\n\n`);
          const scanner = new SseScanner({ cachedTokens, eventBytesMax: 64 });
          expect(feed(scanner, bytes, cuts).equals(bytes)).toBe(true);
          expect(scanner.oversizedEvents).toBe(events.filter((text) => text.length > 64).length);
          expect(scanner.isDone).toBe(true);
        }),
      );
    },
  );

  it.each([
    ['one byte at a time', 1, 200_000],
    ['in small pieces', 7, 900_000],
    ['in reads of a socket', 65_536, 900_000],
    ['whole', Infinity, 900_000],
    ['60 MB in reads of a socket', 65_536, 60_000_000],
  ])('works in proportion to the bytes: %s', (_what, chunkBytes, eventBytes) => {
    const bytes = Buffer.concat([
      Buffer.from('data: "'),
      Buffer.alloc(eventBytes, 'x'),
      Buffer.from('"\n\ndata: [DONE]\n\n'),
    ]);
    const scanner = new SseScanner({ cachedTokens: null });
    for (let at = 0; at < bytes.length; at += chunkBytes) scanner.push(bytes.subarray(at, at + chunkBytes));
    expect(scanner.isDone).toBe(true);
    expect(scanner.oversizedEvents).toBe(eventBytes > 1_048_576 ? 1 : 0);
    expect(scanner.workBytes).toBeLessThanOrEqual(4 * bytes.length);
  });
});
