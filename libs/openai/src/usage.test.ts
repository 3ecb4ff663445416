import { describe, expect, it } from 'vitest';
import { patchUsage, readUsage } from './usage.js';

const patch = (text: string, cachedTokens: number | null) => {
  const { bytes, usage } = patchUsage(Buffer.from(text), cachedTokens);
  return { text: bytes.toString(), usage };
};

describe('patchUsage()', () => {
  it('writes cached tokens and leaves every other byte', () => {
    const { text, usage } = patch(
      '{ "id":"x", "usage" : {"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":1}},"n":9007199254740993}',
      8,
    );
    expect(text).toBe(
      '{ "id":"x", "usage" : {"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":8,"audio_tokens":1}},"n":9007199254740993}',
    );
    expect(usage).toEqual({ promptTokens: 9, completionTokens: 2, cachedTokens: 8 });
  });

  it.each([
    '{"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}',
    '{"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_tokens_details":null}}',
  ])('adds the details to %s', (text) => {
    const patched = JSON.parse(patch(text, 4).text) as { usage: unknown };
    expect(patched.usage).toMatchObject({ prompt_tokens: 9, prompt_tokens_details: { cached_tokens: 4 } });
  });

  it('only reads when there is nothing to write', () => {
    const text = '{"usage":{"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":3}}}';
    expect(patch(text, null)).toEqual({
      text,
      usage: { promptTokens: 9, completionTokens: 0, cachedTokens: 3 },
    });
  });

  it('replaces all of a usage that comes twice', () => {
    const { text } = patch('{"usage":{"prompt_tokens":1},"usage":{"prompt_tokens":2}}', 1);
    expect(text).toBe('{"usage":{"prompt_tokens":2,"prompt_tokens_details":{"cached_tokens":1}}}');
  });

  it.each(['{}', '{"usage":null}', '{"usage":5}', '{"usage":{}}', '[1]', 'no json', '{"usage":{"prompt'])(
    'leaves %j alone',
    (text) => expect(patch(text, 5)).toEqual({ text, usage: null }),
  );
});

describe('readUsage()', () => {
  it('does not take numbers that are no counts', () => {
    expect(readUsage({ prompt_tokens: -1 })).toBeNull();
    expect(readUsage({ prompt_tokens: 1, prompt_tokens_details: { cached_tokens: 'x' } })).toEqual({
      promptTokens: 1,
      completionTokens: 0,
      cachedTokens: null,
    });
  });
});
