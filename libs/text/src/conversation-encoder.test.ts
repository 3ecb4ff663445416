import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConversationEncoder } from './conversation-encoder.js';
import { loadTokenizer } from './load-tokenizer.js';
import type { LoadedTokenizer } from './load-tokenizer.js';
import { mockTokenizerPath } from './mock-tokenizer.js';

async function load(): Promise<LoadedTokenizer> {
  const loading = await loadTokenizer(mockTokenizerPath);
  if (loading.kind !== 'loaded') throw new Error(`the mock tokenizer is ${loading.kind}`);
  return loading.loaded;
}

const loaded = await load();
const encodeWhole = (text: string): number[] =>
  loaded.tokenizer.encode(text, { add_special_tokens: false }).ids;

describe('ConversationEncoder', () => {
  it('gives the ids of encoding the whole text at once, whatever is cached or evicted', () => {
    const encoder = new ConversationEncoder(loaded, 50);
    const piece = fc.oneof(
      fc.constantFrom(
        '<|im_start|>',
        '<|im_end|>',
        '<|endoftext|>',
        '\n',
        ' ',
        '<|im_',
        'the harbour ',
        '鯨',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join('');
        expect([...encoder.encode(text)]).toEqual(encodeWhole(text));
        expect([...encoder.encode(text)]).toEqual(encodeWhole(text));
      }),
      { numRuns: 300 },
    );
  });

  it('encodes only the new turn of a conversation it has seen', () => {
    const encoder = new ConversationEncoder(loaded, 10_000);
    const first = '<|im_start|>user\nHow long is the pier?<|im_end|>';
    encoder.encode(first);
    const before = encoder.counts();
    encoder.encode(`${first}<|im_start|>assistant\nNobody knows.<|im_end|>`);
    const after = encoder.counts();
    expect(after.missTokens - before.missTokens).toBe(encodeWhole('assistant\nNobody knows.').length);
    expect(after.hitTokens).toBe(before.missTokens);
  });

  it('counts the ids it evicts when the cache is full', () => {
    const encoder = new ConversationEncoder(loaded, 4);
    encoder.encode('the');
    encoder.encode('鯨鯨鯨');
    encoder.encode('a');
    encoder.encode('b');
    encoder.encode('c');
    encoder.encode('d');
    encoder.encode('e');
    expect(encoder.counts().evictedTokens).toBeGreaterThan(0);
  });

  it('does not cache when the tokenizer looks across special tokens', () => {
    const encoder = new ConversationEncoder({ ...loaded, boundaries: null }, 1000);
    const text = '<|im_start|>user\nhello<|im_end|>';
    expect([...encoder.encode(text)]).toEqual(encodeWhole(text));
    expect(encoder.counts()).toEqual({ hitTokens: 0, missTokens: 0, evictedTokens: 0 });
  });
});
