import { parseChatRequest, parseCompletionRequest } from '@kvasir/openai';
import type { PromptRequest } from '@kvasir/openai';
import { createLogger } from '@kvasir/service';
import { TextError } from '@kvasir/text';
import type { TextErrorCode } from '@kvasir/text';
import { VirtualClock } from '@kvasir/testkit';
import { describe, expect, it, vi } from 'vitest';
import { PromptEncoder, TOKENIZERS_MAX } from './prompt-encoder.js';
import type { PromptEncoderOptions, PromptText } from './prompt-encoder.js';

const request = (fields: Record<string, unknown>): PromptRequest => {
  const bytes = Buffer.from(JSON.stringify({ model: 'm', ...fields }));
  const reading = 'messages' in fields ? parseChatRequest(bytes) : parseCompletionRequest(bytes);
  if (reading.kind === 'invalid') throw new TypeError(reading.error.message);
  return reading.request;
};

function contentsOf(body: Buffer): string {
  const { messages } = JSON.parse(body.toString()) as { messages: readonly { content: string }[] };
  return messages.map(({ content }) => content).join('');
}

const target = (signal = new AbortController().signal, tokenizerPath: string | null = null) => ({
  tokenizerPath,
  signal,
  limit: { tokensMax: 1000, keptTokens: null },
});

/** One token per character; a failure instead when there is one. */
function textService(failure: TextErrorCode | null = null): PromptText {
  const encode = (text: string): Promise<Uint32Array> =>
    failure === null
      ? Promise.resolve(Uint32Array.from(text, (character) => character.codePointAt(0) ?? 0))
      : Promise.reject(new TextError(failure, 'why'));
  return {
    encodeChat: (body) => encode(contentsOf(body as Buffer)),
    encodeText: (text) =>
      encode(typeof text === 'string' ? text : (JSON.parse(Buffer.from(text).toString()) as string)),
  };
}

const encoder = (text: PromptText | null, options: Partial<PromptEncoderOptions> = {}): PromptEncoder =>
  new PromptEncoder({
    text,
    tokenizerPath: null,
    templateVariables: null,
    workerCount: 1,
    cacheTokensMax: 1000,
    bytesMax: 1000,
    timeoutMs: 100,
    clock: new VirtualClock(),
    logger: createLogger({ name: 'test', level: 'silent' }),
    ...options,
  });

describe('PromptEncoder', () => {
  it('needs no tokenizer for token ids', async () => {
    const encoded = await encoder(null).encode(request({ prompt: [[1, 2, 3], [4]] }), target());
    expect(encoded).toEqual({ kind: 'ok', tokens: Uint32Array.of(1, 2, 3, 4), longestPromptTokens: 3 });
  });

  it('puts several prompts after one another, so that the first one’s blocks can be found', async () => {
    const encoded = await encoder(textService()).encode(request({ prompt: ['ab', [7], 'c'] }), target());
    expect(encoded).toEqual({ kind: 'ok', tokens: Uint32Array.of(97, 98, 7, 99), longestPromptTokens: 2 });
  });

  it('encodes conversations', async () => {
    const encoded = await encoder(textService()).encode(
      request({ messages: [{ role: 'user', content: 'ab' }] }),
      target(),
    );
    expect(encoded).toMatchObject({ kind: 'ok', longestPromptTokens: 2 });
  });

  it('says when no tokenizer is known', async () => {
    expect(await encoder(null).encode(request({ prompt: 'x' }), target())).toEqual({
      kind: 'unknown',
      reason: 'noTokenizer',
    });
  });

  it.each([
    ['TEXT_TEMPLATE_REFUSED', 'templateRefused'],
    ['TEXT_TEMPLATE_UNSUPPORTED', 'templateUnsupported'],
    ['TEXT_REQUEST_INVALID', 'requestInvalid'],
    ['TEXT_ENCODING_FAILED', 'encodingFailed'],
  ] as const)('leaves it to the engine when there is a %s', async (failure, reason) => {
    const encoded = await encoder(textService(failure)).encode(
      request({ messages: [{ role: 'x' }] }),
      target(),
    );
    expect(encoded).toEqual({ kind: 'unknown', reason });
  });

  it('routes by the beginning of a prompt where that is known', async () => {
    const beginning = Uint32Array.of(1, 2);
    const text: PromptText = {
      encodeChat: () =>
        Promise.reject(new TextError('TEXT_TEMPLATE_UNSUPPORTED', 'why', undefined, beginning)),
      encodeText: () => Promise.resolve(Uint32Array.of(3)),
    };
    const encoded = await encoder(text).encode(request({ messages: [{ role: 'x' }] }), target());
    expect(encoded).toEqual({ kind: 'unknown', reason: 'templateUnsupported', beginning });
  });

  it('tells once what a template needs, and never about what clients send', async () => {
    const logger = createLogger({ name: 'test', level: 'silent' });
    const warn = vi.spyOn(logger, 'warn').mockImplementation(() => undefined);
    const told = async (failure: TextErrorCode): Promise<void> => {
      const made = encoder(textService(failure), { logger });
      for (let turn = 0; turn < 3; turn += 1)
        await made.encode(request({ messages: [{ role: 'x' }] }), target());
    };
    await told('TEXT_TEMPLATE_UNSUPPORTED');
    expect(warn).toHaveBeenCalledTimes(1);
    await told('TEXT_TEMPLATE_REFUSED');
    await told('TEXT_REQUEST_INVALID');
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('serves on without a tokenizer that cannot be loaded, and tries no more than it may', async () => {
    const made = encoder(null);
    for (let index = 0; index <= TOKENIZERS_MAX; index += 1) {
      const named = target(undefined, `/nonexistent/${index}`);
      expect(await made.encode(request({ prompt: 'x' }), named)).toMatchObject({ kind: 'unknown' });
    }
    expect(made.isSettled).toBe(true);
    await made.close();
  });
});

describe('the limits of a PromptEncoder', () => {
  /** Never answers by itself; says what it was asked, and fails when it is told to stop. */
  function held() {
    const signals: AbortSignal[] = [];
    const encode = (signal: AbortSignal | undefined): Promise<Uint32Array> =>
      new Promise((_resolve, reject) => {
        if (signal === undefined) return;
        signals.push(signal);
        signal.addEventListener('abort', () => reject(new TextError('TEXT_ABORTED', 'told to stop')));
      });
    const text: PromptText = {
      encodeChat: (_input, options) => encode(options?.signal),
      encodeText: (_text, options) => encode(options?.signal),
    };
    return { text, signals };
  }

  it.each([
    ['TEXT_QUEUE_FULL', 'queueFull'],
    ['TEXT_WORKER_FAILED', 'workerFailed'],
    ['TEXT_UNSLICEABLE', 'unsliceable'],
  ] as const)('leaves it to load when the service says %s', async (failure, reason) => {
    const encoded = await encoder(textService(failure)).encode(request({ prompt: 'x' }), target());
    expect(encoded).toEqual({ kind: 'unknown', reason });
  });

  it('says when a prompt has more tokens than it may', async () => {
    const encoded = await encoder(textService('TEXT_OVER_LIMIT')).encode(request({ prompt: 'x' }), target());
    expect(encoded).toEqual({ kind: 'over' });
  });

  it('takes the last of each prompt when the engine does', async () => {
    const limit = { tokensMax: Infinity, keptTokens: 2 };
    const encoded = await encoder(textService()).encode(request({ prompt: ['abc', [7, 8, 9], 'd'] }), {
      ...target(),
      limit,
    });
    expect(encoded).toEqual({
      kind: 'ok',
      tokens: Uint32Array.of(98, 99, 8, 9, 100),
      longestPromptTokens: 2,
    });
  });

  it('holds no more bytes than it may, and has none when all is done', async () => {
    const { text, signals } = held();
    const left = new AbortController();
    const first = request({ prompt: 'x'.repeat(500) });
    const bytes = first.body.bytes.byteLength;
    const made = encoder(text, { bytesMax: bytes + 100 });
    const waiting = made.encode(first, target(left.signal));
    await vi.waitFor(() => expect(signals).toHaveLength(1));
    expect(made.bytesInHand).toBe(bytes);
    expect(await made.encode(request({ prompt: 'y'.repeat(100) }), target())).toEqual({
      kind: 'unknown',
      reason: 'textBytes',
    });
    expect(await made.encode(request({ prompt: [1, 2] }), target())).toMatchObject({ kind: 'ok' });
    left.abort();
    expect(await waiting).toEqual({ kind: 'ended' });
    expect(made.bytesInHand).toBe(0);
  });

  it('stops encoding when its time is up, and leaves it to load', async () => {
    const { text, signals } = held();
    const clock = new VirtualClock();
    const made = encoder(text, { clock, timeoutMs: 50 });
    const waiting = made.encode(request({ prompt: ['a', 'b'] }), target());
    await vi.waitFor(() => expect(signals).toHaveLength(2));
    clock.advance(49);
    expect(signals.some(({ aborted }) => aborted)).toBe(false);
    clock.advance(1);
    expect(await waiting).toEqual({ kind: 'unknown', reason: 'timeout' });
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    expect(clock.pendingTimerCount).toBe(0);
  });

  it('asks nothing of the service for a client that has left', async () => {
    const { text, signals } = held();
    const encoded = await encoder(text).encode(request({ prompt: 'x' }), target(AbortSignal.abort()));
    expect(encoded).toEqual({ kind: 'ended' });
    expect(signals).toHaveLength(0);
  });
});
