import { readHeaderHints } from '@kvasir/frontend';
import {
  chatRequestReader,
  completionRequestReader,
  parseChatRequest,
  parseCompletionRequest,
  SseScanner,
} from '@kvasir/openai';
import type { ApiRequest, RequestReader, RequestReading } from '@kvasir/openai';
import { mustEqual, mustHold } from '../fuzz-target.js';
import type { FuzzTarget } from '../fuzz-target.js';

const asBytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** A refusal says something short, and the same however the body arrived. */
function checkReading(whole: RequestReading<ApiRequest>, reader: RequestReader, stepBytes: number): void {
  let reading = reader.step(stepBytes);
  for (let steps = 0; reading === null; steps += 1) {
    mustHold(steps < 100_000, 'a reader ends');
    reading = reader.step(stepBytes);
  }
  mustEqual(reading.kind, whole.kind, 'steps read the same as all at once');
  if (whole.kind === 'invalid') mustHold(whole.error.message.length < 8_192, 'a refusal is short');
}

export const chatRequests: FuzzTarget = {
  name: 'chat-requests',
  shape: 'json',
  seeds: () => [
    asBytes({
      ...{
        model: 'm',
        stream: true,
        max_tokens: 5,
        stream_options: { include_usage: true },
        n: 1,
        logprobs: true,
      },
      messages: [
        { role: 'system', content: 'be brief' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'hi' },
            { type: 'image_url', image_url: { url: 'data:x' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
      ],
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
      nvext: { router: { ttft_target: 5, itl_target: 1 }, agent_hints: { priority: 3 } },
      ...{ cache_salt: 's', chat_template_kwargs: { a: 1 }, top_logprobs: 2, stop: ['x'] },
    }),
    asBytes({ model: 'm', messages: [{ role: 'user', content: 'hi' }] }),
  ],
  run(input) {
    checkReading(parseChatRequest(input), chatRequestReader(input), 7);
  },
};

export const completionRequests: FuzzTarget = {
  name: 'completion-requests',
  shape: 'json',
  seeds: () => [
    asBytes({ model: 'm', prompt: 'hello', max_tokens: 3, echo: true, logprobs: 2, best_of: 2 }),
    asBytes({ model: 'm', prompt: [1, 2, 3, 4_294_967_295], stream: true }),
    asBytes({ model: 'm', prompt: [[1, 2], [3]], n: 2, truncate_prompt_tokens: 5, priority: -1 }),
    asBytes({ model: 'm', prompt: ['a', 'b'], user: 'u', stop: ['\n'] }),
  ],
  run(input) {
    checkReading(parseCompletionRequest(input), completionRequestReader(input), 5);
  },
};

export const headers: FuzzTarget = {
  name: 'headers',
  shape: 'json',
  seeds: () => [
    asBytes({
      'x-kvasir-ttft-target-ms': '100',
      'x-kvasir-itl-target-ms': '1.5',
      'x-kvasir-priority': '-3',
      'x-kvasir-session': 'abc',
    }),
    asBytes({ 'x-kvasir-session': ['a', 'b'] }),
  ],
  run(input) {
    let fields: unknown;
    try {
      fields = JSON.parse(Buffer.from(input).toString());
    } catch {
      return;
    }
    // As Node gives them: texts by name, lists of them for some.
    const entries = typeof fields === 'object' && fields !== null ? Object.entries(fields) : [];
    const given = entries.filter(([, value]) => typeof value === 'string' || isTextList(value)) as [
      string,
      string,
    ][];
    const body = { ttftTargetMs: null, itlTargetMs: null, priority: null, sessionId: null };
    const reading = readHeaderHints(Object.fromEntries(given), body);
    if (reading.kind === 'invalid') {
      mustHold(reading.error.message.length < 8_192, 'a refusal is short');
      return;
    }
    const { ttftTargetMs, itlTargetMs, priority } = reading.hints;
    for (const value of [ttftTargetMs, itlTargetMs, priority])
      mustHold(Number.isFinite(value ?? 0), 'hints are numbers');
  },
};

const isTextList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

const EVENTS = [
  'data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n',
  'data: {"id":"c","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}\n\n',
  'data: {"id":"c","choices":[{"index":0,"text":"x","finish_reason":"stop"}],"usage":null}\r\n\r\n',
  'data: {"id":"c","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6,"prompt_tokens_details":{"cached_tokens":0}}}\n\n',
  ': ping\n\nevent: error\ndata: {"error":{"message":"no","type":"x","code":503}}\n\n',
  'data: [DONE]\n\n',
];

export const sseStreams: FuzzTarget = {
  name: 'sse-streams',
  shape: 'text',
  seeds: () => [Buffer.from(EVENTS.join('')), ...EVENTS.map((event) => Buffer.from(event))],
  run(input) {
    const bytes = Buffer.from(input);
    for (const cachedTokens of [null, 7]) {
      const whole = scan([bytes], cachedTokens);
      const cuts = scan(pieces(bytes, 7), cachedTokens);
      mustEqual(cuts.seen, whole.seen, 'what is seen does not depend on where a stream is cut');
      mustHold(cuts.relayed.equals(whole.relayed), 'nor what is relayed');
      if (cachedTokens === null)
        mustHold(whole.relayed.equals(bytes), 'without a patch bytes pass as they are');
    }
  },
};

function scan(chunks: readonly Buffer[], cachedTokens: number | null) {
  const scanner = new SseScanner({ cachedTokens });
  const relayed = Buffer.concat([...chunks.map((chunk) => scanner.push(chunk)), scanner.end()]);
  const { hasFirstToken, isDone, isFinished, usage, error } = scanner;
  return { relayed, seen: { hasFirstToken, isDone, isFinished, usage, error } };
}

function pieces(bytes: Buffer, length: number): readonly Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  );
}
