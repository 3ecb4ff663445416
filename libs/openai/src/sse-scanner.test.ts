import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseScanner } from './sse-scanner.js';

const chunk = (content: string, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`;
const role = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] })}\n\n`;
const usage = (cached: number): string =>
  `data: ${JSON.stringify({ id: 'c', choices: [], usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12, prompt_tokens_details: { cached_tokens: cached } } })}\n\n`;
const done = 'data: [DONE]\n\n';
const whole =
  role + chunk('a "usage":{ }') + chunk('é"finish_reason":"') + chunk('', 'stop') + usage(1) + done;

/** Feeds the text in pieces and returns what was relayed. */
function feed(scanner: SseScanner, text: string, cuts: readonly number[] = []): string {
  const bytes = Buffer.from(text);
  const edges = [0, ...[...new Set(cuts)].sort((a, b) => a - b), bytes.length];
  const out: Buffer[] = [];
  for (let index = 1; index < edges.length; index += 1) {
    out.push(scanner.push(Buffer.from(bytes.subarray(edges[index - 1], edges[index]))));
  }
  out.push(scanner.end());
  return Buffer.concat(out).toString();
}

const cutsOf = (text: string) => fc.array(fc.integer({ min: 0, max: Buffer.byteLength(text) }));

describe('SseScanner', () => {
  it('relays untouched and finds the same wherever the stream is cut', () => {
    fc.assert(
      fc.property(cutsOf(whole), (cuts) => {
        const scanner = new SseScanner({ cachedTokens: null });
        expect(feed(scanner, whole, cuts)).toBe(whole);
        expect(scanner.tokenEvents).toBe(3);
        expect([scanner.hasFirstToken, scanner.isFinished, scanner.isDone]).toEqual([true, true, true]);
        expect(scanner.usage).toEqual({ promptTokens: 9, completionTokens: 3, cachedTokens: 1 });
        expect(scanner.error).toBeNull();
      }),
    );
  });

  it('patches cached tokens wherever the stream is cut', () => {
    const patched = whole.replace(usage(1), usage(64));
    fc.assert(
      fc.property(cutsOf(whole), (cuts) => {
        const scanner = new SseScanner({ cachedTokens: 64 });
        expect(feed(scanner, whole, cuts)).toBe(patched);
        expect(scanner.usage?.cachedTokens).toBe(64);
        expect(scanner.isDone).toBe(true);
      }),
    );
  });

  it('patches a usage that goes over several lines, and keeps what stands about it', () => {
    const lines = ['event: chunk', 'data: {"choices":[],', 'data:"usage":{"prompt_tokens":9}}', 'id: 7'];
    const patched =
      'event: chunk\r\ndata: {"choices":[],\r\ndata: "usage":{"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":5}}}\r\nid: 7\r\n\r\n';
    expect(feed(new SseScanner({ cachedTokens: 5 }), `${lines.join('\r\n')}\r\n\r\n`)).toBe(patched);
  });

  it('leaves the usage out that the client has not asked for, wherever the stream is cut, and nothing else', () => {
    const asked = whole.replace(usage(1), '');
    fc.assert(
      fc.property(cutsOf(whole), (cuts) => {
        const scanner = new SseScanner({ cachedTokens: null, hidesUsage: true });
        expect(feed(scanner, whole, cuts)).toBe(asked);
        expect(scanner.usage).toEqual({ promptTokens: 9, completionTokens: 3, cachedTokens: 1 });
        expect(scanner.isDone).toBe(true);
      }),
    );
  });

  it.each([
    ['several lines', usage(1).replace('data: {', 'event: message\ndata: {')],
    ['carriage returns', usage(1).replaceAll('\n', '\r\n')],
    ['a space before its end, as TensorRT-LLM writes it', usage(1).replace('\n\n', ' \n\n')],
  ])('leaves a usage out that is told with %s', (_what, told) => {
    const scanner = new SseScanner({ cachedTokens: 5, hidesUsage: true });
    expect(feed(scanner, chunk('a') + told + done)).toBe(chunk('a') + done);
    expect(scanner.usage?.completionTokens).toBe(3);
  });

  it('leaves a chunk with text in, whatever usage it has', () => {
    const told = chunk('a').replace('{"id"', '{"usage":{"prompt_tokens":9,"completion_tokens":1},"id"');
    expect(feed(new SseScanner({ cachedTokens: null, hidesUsage: true }), told)).toBe(told);
  });

  it('counts tokens by ids, and by usage where that says more', () => {
    const scanner = new SseScanner({ cachedTokens: null });
    const ids = (text: string, ...tokens: number[]): string =>
      chunk(text).replace('"finish_reason"', `"token_ids":${JSON.stringify(tokens)},"finish_reason"`);
    feed(scanner, role + ids('a b c', 1, 2, 3) + ids('', 4) + ids(' d', 5, 6));
    expect([scanner.tokenEvents, scanner.outputTokens]).toEqual([3, 6]);
    feed(scanner, chunk(' e') + chunk('', 'stop'));
    expect(scanner.outputTokens).toBe(8);
    feed(scanner, usage(0).replace('"completion_tokens":3', '"completion_tokens":12'));
    expect([scanner.tokenEvents, scanner.outputTokens]).toEqual([5, 12]);
  });

  it('adds up what TensorRT-LLM tells for each prompt', () => {
    const scanner = new SseScanner({ cachedTokens: null, hidesUsage: true });
    expect(feed(scanner, chunk('a', 'stop') + usage(4) + chunk('b', 'stop') + usage(2) + done)).toBe(
      chunk('a', 'stop') + chunk('b', 'stop') + done,
    );
    expect(scanner.usage).toEqual({ promptTokens: 18, completionTokens: 6, cachedTokens: 6 });
  });

  it('passes a chunk of whole events on as it is', () => {
    const bytes = Buffer.from(chunk('a') + chunk('b'));
    expect(new SseScanner({ cachedTokens: null }).push(bytes)).toBe(bytes);
    expect(new SseScanner({ cachedTokens: 5 }).push(bytes)).toBe(bytes);
  });

  it('takes no role and no usage for the first token', () => {
    const scanner = new SseScanner({ cachedTokens: null });
    feed(scanner, role + usage(0));
    expect([scanner.hasFirstToken, scanner.tokenEvents]).toEqual([false, 0]);
    feed(scanner, chunk('a'));
    expect([scanner.hasFirstToken, scanner.tokenEvents]).toEqual([true, 1]);
  });

  it.each([
    '{"choices":[{"index":0,"text":"a"}]}',
    '{"choices":[{"index":0,"delta":{"reasoning_content":"a"}}]}',
    '{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0}]}}]}',
    '{"choices":[{"index":0,"text":"","token_ids":[5]}]}',
    '{"choices":[{"index":0,"text":"","finish_reason":"length"}]}',
  ])('takes %s for a token', (payload) => {
    const scanner = new SseScanner({ cachedTokens: null });
    feed(scanner, `data: ${payload}\n\n`);
    expect(scanner.hasFirstToken).toBe(true);
  });

  it('takes events of an unknown shape for tokens in the end', () => {
    const scanner = new SseScanner({ cachedTokens: null });
    feed(scanner, 'data: {"choices":[{"audio":{}}]}\n\n'.repeat(10));
    expect(scanner.hasFirstToken).toBe(true);
  });

  it.each([
    ['CRLF lines', (text: string) => text.replaceAll('\n', '\r\n')],
    ['no space after the colon', (text: string) => text.replaceAll('data: ', 'data:')],
    ['comments between', (text: string) => text.replaceAll('data: ', ': ping\n\ndata: ')],
    ['named events', (text: string) => text.replaceAll('data: ', 'event: chunk\ndata: ')],
    ['spaced JSON', (text: string) => text.replaceAll('":{"pr', '": {"pr').replaceAll('":"stop', '": "stop')],
  ])('reads streams with %s', (_what, change) => {
    const scanner = new SseScanner({ cachedTokens: null });
    feed(scanner, change(whole));
    expect(scanner.tokenEvents).toBe(3);
    expect([scanner.isFinished, scanner.isDone, scanner.usage?.promptTokens]).toEqual([true, true, 9]);
  });

  it.each([
    ['{"error":{"message":"out of memory","type":"InternalServerError","code":500}}', 'out of memory'],
    ['{"object":"error","message":"bad","type":"BadRequestError","param":null,"code":400}', 'bad'],
  ])('keeps the error event %s', (payload, message) => {
    const scanner = new SseScanner({ cachedTokens: null });
    const text = `${chunk('a')}data: ${payload}\n\n${done}`;
    expect(feed(scanner, text, [70])).toBe(text);
    expect(scanner.error?.message).toBe(message);
    expect(scanner.tokenEvents).toBe(1);
  });

  it('counts usage with each token once', () => {
    const scanner = new SseScanner({ cachedTokens: 2 });
    const event = '{"choices":[{"index":0,"text":"a"}],"usage":{"prompt_tokens":4,"completion_tokens":1}}';
    const relayed = feed(scanner, `data: ${event}\n\n`.repeat(3));
    expect(scanner.tokenEvents).toBe(3);
    expect(relayed.match(/"cached_tokens":2/g)).toHaveLength(3);
  });

  it.each([null, 7])('passes an event that is too long and goes on after it (patch %s)', (cachedTokens) => {
    const scanner = new SseScanner({ cachedTokens, eventBytesMax: 256 });
    const text = chunk('x'.repeat(2000)) + chunk('a') + usage(7) + done;
    expect(feed(scanner, text, [100, 600, 1500])).toBe(text);
    expect(scanner.oversizedEvents).toBe(1);
    expect([scanner.isDone, scanner.usage?.cachedTokens]).toEqual([true, 7]);
  });

  it.each([
    ['LF', null],
    ['LF', 7],
    ['CRLF', null],
    ['CRLF', 7],
  ] as const)(
    'goes on after a too long event wherever its end is cut (%s, patch %s)',
    (ending, cachedTokens) => {
      const lines = chunk('x'.repeat(200)) + usage(7) + done;
      const text = ending === 'LF' ? lines : lines.replaceAll('\n', '\r\n');
      // The first piece is over the limit already, the second cut goes through every byte up to the next event.
      for (let cut = 250; cut < text.indexOf('data: ', 1) + 3; cut += 1) {
        const scanner = new SseScanner({ cachedTokens, eventBytesMax: 200 });
        expect(feed(scanner, text, [230, cut, cut + 1])).toBe(text);
        expect([cut, scanner.oversizedEvents, scanner.isDone]).toEqual([cut, 1, true]);
        expect(scanner.usage?.cachedTokens).toBe(7);
      }
    },
  );

  it('hands over what is left of a stream that ends in mid-event', () => {
    const text = `${chunk('a')}data: {"cho`;
    expect(feed(new SseScanner({ cachedTokens: 3 }), text, [5, 90])).toBe(text);
    expect(feed(new SseScanner({ cachedTokens: null }), text, [5, 90])).toBe(text);
  });

  it('trap: a line break that is cut in two hides no usage', () => {
    const stream = Buffer.from('data: {"usage":null}\r\n\r\ndata:{"usage":{"prompt_tokens":5}}\n\n');
    const read = (...chunks: readonly Buffer[]): string => {
      const scanner = new SseScanner({ cachedTokens: 3 });
      return Buffer.concat([...chunks.map((chunk) => scanner.push(chunk)), scanner.end()]).toString();
    };
    const whole = read(stream);
    expect(whole).toContain('"cached_tokens":3');
    for (let cut = 0; cut <= stream.length; cut += 1)
      expect(read(stream.subarray(0, cut), stream.subarray(cut))).toBe(whole);
  });
});
