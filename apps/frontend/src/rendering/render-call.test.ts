import { parseChatRequest, parseCompletionRequest } from '@kvasir/openai';
import type { PromptRequest } from '@kvasir/openai';
import { describe, expect, it } from 'vitest';
import { renderCall } from './render-call.js';
import type { RenderRoute } from './render-call.js';

const request = (fields: Record<string, unknown>): PromptRequest => {
  const bytes = Buffer.from(JSON.stringify(fields));
  const reading = 'messages' in fields ? parseChatRequest(bytes) : parseCompletionRequest(bytes);
  if (reading.kind === 'invalid') throw new TypeError(reading.error.message);
  return reading.request;
};

const asked = (fields: Record<string, unknown>, route: RenderRoute = 'render') => {
  const call = renderCall(request({ model: 'm', ...fields }), 'm', route);
  return call === null ? null : { path: call.path, body: JSON.parse(call.body.toString()) as unknown };
};

const messages = [{ role: 'user', content: 'hi' }];

describe('renderCall', () => {
  it('leaves out what reaches no prompt, so that equal prompts have equal calls', () => {
    const call = asked({ messages, max_tokens: 5, stream: true, temperature: 0, cache_salt: 's', tools: [] });
    expect(call).toEqual({
      path: '/v1/chat/completions/render',
      body: { messages, tools: [], model: 'm', mm_payload: 'none' },
    });
    expect(asked({ messages, tools: [], user: 'me' })).toEqual(call);
  });

  it('keeps what it does not know: an engine may', () => {
    expect(asked({ prompt: 'x', new_member: 1 })).toEqual({
      path: '/v1/completions/render',
      body: { prompt: 'x', new_member: 1, model: 'm', mm_payload: 'none' },
    });
  });

  it('keeps the limits of the output where they decide how much of a prompt is kept', () => {
    expect(asked({ messages, max_tokens: 5, truncate_prompt_tokens: -1 })?.body).toMatchObject({
      max_tokens: 5,
    });
  });

  it('asks a tokenizer’s route only for what it makes the same of', () => {
    expect(asked({ messages, max_tokens: 5, chat_template_kwargs: {} }, 'tokenize')).toEqual({
      path: '/tokenize',
      body: { messages, chat_template_kwargs: {}, model: 'm' },
    });
    expect(asked({ prompt: 'x' }, 'tokenize')).toMatchObject({ path: '/tokenize' });
  });

  it.each([
    { messages, reasoning_effort: 'low' },
    { messages, truncate_prompt_tokens: 5 },
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:x' } }] }] },
    { prompt: ['x', 'y'] },
    { prompt: ['x'] },
  ])('has no call of a tokenizer’s route for %j', (fields) => {
    expect(asked(fields, 'tokenize')).toBeNull();
  });
});
