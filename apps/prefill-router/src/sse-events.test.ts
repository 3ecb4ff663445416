import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseEvents } from './sse-events.js';

function split(pieces: readonly Buffer[]): string[] {
  const events: string[] = [];
  const sse = new SseEvents((json) => events.push(json.toString()));
  for (const piece of pieces) sse.data(piece);
  return events;
}

describe('SseEvents', () => {
  it('delivers the JSON of each event wherever the stream is cut', () => {
    const jsons = ['{"a":1}', '{"text":"grün \\n data: x"}', '{"n":12345678901234567890}'];
    const stream = Buffer.from(
      `: comment\r\n\r\n${jsons.map((json) => `data: ${json}\n\n`).join('')}data: [DONE]\n\n`,
    );
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length)), (cuts) => {
        const at = [0, ...cuts.toSorted((left, right) => left - right), stream.length];
        const pieces = at.slice(1).map((end, index) => stream.subarray(at[index], end));
        expect(split(pieces)).toEqual(jsons);
      }),
    );
  });

  it('reads lines that end in CRLF and leaves out what is no data', () => {
    expect(split([Buffer.from('event: x\r\ndata: {"a":1}\r\n\r\nid: 3\ndata:\n')])).toEqual(['{"a":1}']);
  });

  it('refuses a line that has no end', () => {
    const sse = new SseEvents(() => undefined);
    expect(() => sse.data(Buffer.alloc(1_048_577, 'x'))).toThrow(RangeError);
  });
});
