import { describe, expect, it } from 'vitest';
import { changedMock, mock } from '../test/mock-variants.js';
import { ChatTemplate } from './rendering/chat-template.js';
import { ConversationEncoder } from './conversation-encoder.js';
import { encodeTask } from './encode-task.js';
import type { LoadedTokenizer } from './load-tokenizer.js';
import { SLICE_UNITS } from './slicing/encode-slices.js';
import type { EncodeTask } from './worker-messages.js';

const story = 'How long is the pier, and who keeps the book?\n'.repeat(1000);

function run(task: EncodeTask, tokensMax = Infinity, loaded: LoadedTokenizer = mock()) {
  const steps = encodeTask(task, tokensMax, {
    loaded,
    template: new ChatTemplate(loaded),
    encoder: new ConversationEncoder(loaded, 10_000),
    stretchUnitsMax: 10_000,
  });
  const units: number[] = [];
  for (;;) {
    const step = steps.next();
    if (step.done === true) return { result: step.value, units };
    units.push(step.value);
  }
}

const text = (value: string, addSpecialTokens = true) =>
  ({ kind: 'text', text: value, addSpecialTokens }) as const;
const chat = (content: string) =>
  ({ kind: 'chat', body: Buffer.from(JSON.stringify({ messages: [{ role: 'user', content }] })) }) as const;

describe('encodeTask()', () => {
  it.each([true, false])('gives the ids of the whole text, its frame too (special tokens: %s)', (adds) => {
    const framed = changedMock({ postProcessor: ['<|im_start|>', '<|endoftext|>'] });
    const whole = framed.tokenizer.encode(story, { add_special_tokens: adds }).ids;
    const { result, units } = run(text(story, adds), Infinity, framed);
    expect(result).toEqual({ kind: 'encoded', tokens: Uint32Array.from(whole) });
    expect(Math.max(...units)).toBeLessThanOrEqual(SLICE_UNITS);
  });

  it('encodes short texts and conversations like the whole', () => {
    const { result } = run(chat('Hello'));
    const rendered = '<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n';
    expect(run(text(rendered)).result).toEqual(result);
  });

  it.each([
    ['a text', text(story)],
    ['a conversation', chat(story)],
  ])('stops in %s of more tokens than wanted', (_what, task) => {
    const { result, units } = run(task, 1000);
    expect(result).toEqual({ kind: 'over' });
    expect(units.filter((each) => each > SLICE_UNITS / 2 && each <= SLICE_UNITS).length).toBeLessThan(2);
  });

  it('takes exactly as many tokens as wanted', () => {
    const { result } = run(text('Hello there'));
    const count = result.kind === 'encoded' ? result.tokens.length : 0;
    expect(run(text('Hello there'), count).result).toEqual(result);
    expect(run(text('Hello there'), count - 1).result).toEqual({ kind: 'over' });
  });

  it('encodes nothing of a text that is certainly too long', () => {
    const { result, units } = run(text('x'.repeat(1_000_000)), 1000);
    expect([result.kind, units]).toEqual(['over', []]);
  });

  it('hands back a text with a word too long for one step', () => {
    const word = `the ${'x'.repeat(20_000)}`;
    expect(run(text(word)).result).toEqual({ kind: 'unsliceable', text: word, addSpecialTokens: true });
    const { result } = run(chat(word));
    expect(result).toMatchObject({ kind: 'unsliceable', addSpecialTokens: false });
    expect(result.kind === 'unsliceable' && result.text).toContain(word);
  });
});
