import { parseChatRequest, parseCompletionRequest } from '@kvasir/openai';
import type { ApiRequest } from '@kvasir/openai';
import { createLogger } from '@kvasir/service';
import { TextError } from '@kvasir/text';
import type { TextErrorCode } from '@kvasir/text';
import { describe, expect, it } from 'vitest';
import { PromptEncoder, TOKENIZERS_MAX } from './prompt-encoder.js';
import type { PromptText } from './prompt-encoder.js';

const request = (fields: Record<string, unknown>): ApiRequest => {
  const bytes = Buffer.from(JSON.stringify({ model: 'm', ...fields }));
  const reading = 'messages' in fields ? parseChatRequest(bytes) : parseCompletionRequest(bytes);
  if (reading.kind === 'invalid') throw new TypeError(reading.error.message);
  return reading.request;
};

function contentsOf(body: Buffer): string {
  const { messages } = JSON.parse(body.toString()) as { messages: readonly { content: string }[] };
  return messages.map(({ content }) => content).join('');
}

/** One token per character; a failure instead when there is one. */
function textService(failure: TextErrorCode | null = null): PromptText {
  const encode = (text: string): Promise<Uint32Array> =>
    failure === null
      ? Promise.resolve(Uint32Array.from(text, (character) => character.codePointAt(0) ?? 0))
      : Promise.reject(new TextError(failure, 'why'));
  return {
    encodeChat: (body) => encode(contentsOf(body as Buffer)),
    encodeText: (text) => encode(text),
  };
}

const encoder = (text: PromptText | null): PromptEncoder =>
  new PromptEncoder({
    text,
    tokenizerPath: null,
    workerCount: 1,
    cacheTokensMax: 1000,
    logger: createLogger({ name: 'test', level: 'silent' }),
  });

describe('PromptEncoder', () => {
  it('needs no tokenizer for token ids', async () => {
    const encoded = await encoder(null).encode(request({ prompt: [[1, 2, 3], [4]] }), null);
    expect(encoded).toEqual({ kind: 'ok', tokens: Uint32Array.of(1, 2, 3, 4), longestPromptTokens: 3 });
  });

  it('puts several prompts after one another, so that the first one’s blocks can be found', async () => {
    const encoded = await encoder(textService()).encode(request({ prompt: ['ab', [7], 'c'] }), null);
    expect(encoded).toEqual({ kind: 'ok', tokens: Uint32Array.of(97, 98, 7, 99), longestPromptTokens: 2 });
  });

  it('encodes conversations', async () => {
    const encoded = await encoder(textService()).encode(
      request({ messages: [{ role: 'user', content: 'ab' }] }),
      null,
    );
    expect(encoded).toMatchObject({ kind: 'ok', longestPromptTokens: 2 });
  });

  it('says when no tokenizer is known', async () => {
    expect(await encoder(null).encode(request({ prompt: 'x' }), null)).toEqual({ kind: 'unknown' });
  });

  it.each([
    ['TEXT_TEMPLATE_FAILED', { prompt: 'x' }, 400, 'invalid_value', 'prompt'],
    ['TEXT_TEMPLATE_FAILED', { messages: [{ role: 'x' }] }, 400, 'invalid_value', 'messages'],
    ['TEXT_QUEUE_FULL', { prompt: 'x' }, 503, 'tokenizer_failed', null],
    ['TEXT_WORKER_FAILED', { prompt: 'x' }, 503, 'tokenizer_failed', null],
  ] as const)('answers %s', async (failure, fields, ...[status, code, param]) => {
    const encoded = await encoder(textService(failure)).encode(request(fields), null);
    expect(encoded).toMatchObject({ kind: 'failed', error: { status, code, param } });
  });

  it('serves on without a tokenizer that cannot be loaded, and tries no more than it may', async () => {
    const made = encoder(null);
    for (let index = 0; index <= TOKENIZERS_MAX; index += 1) {
      expect(await made.encode(request({ prompt: 'x' }), `/nonexistent/${index}`)).toEqual({
        kind: 'unknown',
      });
    }
    expect(made.isSettled).toBe(true);
    await made.close();
  });
});
