import { describe, expect, it } from 'vitest';
import { readRenderAnswer } from './render-answer.js';

const read = (answer: unknown, route: 'render' | 'tokenize' = 'render') =>
  readRenderAnswer(route, Buffer.from(JSON.stringify(answer)));
const image = (offset: unknown) => ({
  mm_hashes: { image: ['a'] },
  mm_placeholders: { image: [{ offset, length: 4 }] },
});

describe('readRenderAnswer', () => {
  it('reads one prompt, several, and a tokenizer’s answer', () => {
    expect(read({ token_ids: [1, 2], features: null })).toEqual({
      prompts: [Uint32Array.of(1, 2)],
      firstMediaToken: null,
    });
    expect(read([{ token_ids: [1] }, { token_ids: [2] }])?.prompts).toHaveLength(2);
    expect(read({ count: 2, tokens: [1, 2] }, 'tokenize')?.prompts).toEqual([Uint32Array.of(1, 2)]);
  });

  it('finds the first part that is no text', () => {
    const features = {
      mm_placeholders: { video: [{ offset: 9, length: 2 }], image: [{ offset: 3, length: 4 }] },
    };
    expect(read({ token_ids: [1, 2], features })?.firstMediaToken).toBe(3);
    expect(read([{ token_ids: [1, 2] }, { token_ids: [1, 2], features: image(1) }])?.firstMediaToken).toBe(3);
  });

  it.each([[image('x')], [{}], [{ mm_placeholders: {} }]])(
    'takes nothing as known where that cannot be read: %j',
    (features) => {
      expect(read({ token_ids: [1, 2], features })?.firstMediaToken).toBe(0);
    },
  );

  it.each([
    [{}],
    [[]],
    [null],
    ['x'],
    [{ token_ids: [] }],
    [{ token_ids: [-1] }],
    [{ token_ids: [1.5] }],
    [{ token_ids: [2 ** 32] }],
    [[{ token_ids: [1] }, {}]],
  ])('knows what is no answer: %j', (answer) => {
    expect(read(answer)).toBeNull();
    expect(readRenderAnswer('render', Buffer.from('no JSON'))).toBeNull();
  });
});
