import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConversationEncoder } from './conversation-encoder.js';
import { MARKS, changedMock, mock } from '../test/mock-variants.js';
import type { Steps } from './slicing/encode-slices.js';
import { IdCollector } from './slicing/id-collector.js';
import type { LoadedTokenizer } from './load-tokenizer.js';

const loaded = mock();

function encodeWhole({ tokenizer }: LoadedTokenizer, text: string): number[] {
  return tokenizer.encode(text, { add_special_tokens: false }).ids;
}

function encodeAll(encoder: ConversationEncoder, text: string): Uint32Array {
  const ids = new IdCollector();
  const steps = encoder.encode(text, { ids, stretchUnitsMax: Infinity });
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  expect(step.value).toBe('done');
  return ids.join();
}

/** What the steps yield; the result is 'over'. */
function* stepsOf(steps: Steps<string>): Generator<number> {
  expect(yield* steps).toBe('over');
}

const piece = fc.oneof(
  fc.constantFrom(...MARKS, '\n', ' ', '  ', '<|im_', '|>', 'the harbour ', '鯨', '\u0301', '\u2581'),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

/** Tokenizers whose settings touch the borders, each in another way. */
const VARIANTS: readonly (readonly [string, () => LoadedTokenizer])[] = [
  ['the mock tokenizer', mock],
  ['a normalizer', () => changedMock({ normalizer: { type: 'NFC' } })],
  [
    'special tokens that strip their neighbours',
    () => changedMock({ addedToken: (token) => ({ ...token, rstrip: token.content === '<|im_start|>' }) }),
  ],
  [
    'special tokens searched for in normalized text',
    () =>
      changedMock({
        normalizer: { type: 'Lowercase' },
        addedToken: (token) => ({ ...token, normalized: token.content === '<|im_end|>' }),
      }),
  ],
  ['one token that begins another', () => changedMock({ furtherTokens: ['<|im_start|>x', '<|im_'] })],
  [
    'a prefix space for every stretch',
    () =>
      changedMock({
        preTokenizer: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true },
      }),
  ],
  [
    'a mark before the first stretch only',
    () =>
      changedMock({ preTokenizer: { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'first' } }),
  ],
  [
    'a mark before every stretch',
    () =>
      changedMock({ preTokenizer: { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always' } }),
  ],
];

describe('ConversationEncoder', () => {
  it.each(VARIANTS)('gives the ids of encoding the whole text at once: %s', (_name, make) => {
    const variant = make();
    const encoder = new ConversationEncoder(variant, 50);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join('');
        expect([...encodeAll(encoder, text)]).toEqual(encodeWhole(variant, text));
        expect([...encodeAll(encoder, text)]).toEqual(encodeWhole(variant, text));
      }),
      { numRuns: 200 },
    );
  });

  it('encodes only the new turn of a conversation it has seen', () => {
    const encoder = new ConversationEncoder(loaded, 10_000);
    const first = '<|im_start|>user\nHow long is the pier?<|im_end|>';
    encodeAll(encoder, first);
    const before = encoder.counts();
    encodeAll(encoder, `${first}<|im_start|>assistant\nNobody knows.<|im_end|>`);
    const after = encoder.counts();
    expect(after.missTokens - before.missTokens).toBe(encodeWhole(loaded, 'assistant\nNobody knows.').length);
    expect(after.hitTokens).toBe(before.missTokens);
  });

  it('counts the ids it evicts when the cache is full', () => {
    const encoder = new ConversationEncoder(loaded, 4);
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) encodeAll(encoder, text);
    expect(encoder.counts()).toMatchObject({ evictedTokens: 2, cachedTokens: 4 });
  });

  it('weighs a text of few tokens by its length', () => {
    const letters = changedMock({ preTokenizer: { type: 'Whitespace' } });
    const encoder = new ConversationEncoder(letters, 100);
    expect(encodeAll(encoder, ' '.repeat(800))).toHaveLength(0);
    expect(encoder.counts().cachedTokens).toBe(50);
  });

  it('does not keep a text that is longer than any conversation should be', () => {
    const encoder = new ConversationEncoder(loaded, 10_000, 400);
    encodeAll(encoder, 'a b '.repeat(101));
    expect(encoder.counts()).toMatchObject({ oversizedSegments: 1, cachedTokens: 0 });
    const { length: cachedTokens } = encodeAll(encoder, 'a b '.repeat(100));
    expect(encoder.counts()).toMatchObject({ oversizedSegments: 1, cachedTokens });
  });

  it('finds borders wherever the windows end in which it looks for them', () => {
    const turn = '<|im_start|>user\nHow long is the pier?<|im_end|>\n';
    const text = turn.repeat(75_000 / turn.length);
    for (let shift = 0; shift < 40; shift += 11) {
      const encoder = new ConversationEncoder(loaded, 10_000);
      const shifted = 'x'.repeat(shift) + text;
      expect([...encodeAll(encoder, shifted)]).toEqual(encodeWhole(loaded, shifted));
      expect(encoder.counts().hitTokens).toBeGreaterThan(encoder.counts().missTokens * 100);
    }
  });

  it('stops as soon as there are more ids than wanted, and keeps nothing of a text that it has not ended', () => {
    const encoder = new ConversationEncoder(loaded, 1_000_000);
    const ids = new IdCollector(100);
    const text = 'the harbour '.repeat(20_000);
    const steps = [...stepsOf(encoder.encode(text, { ids, stretchUnitsMax: Infinity }))];
    expect(steps.reduce((sum, units) => sum + units, 0)).toBeLessThan(text.length / 10);
    expect(encoder.counts().cachedTokens).toBe(0);
  });

  it('does not cache when the tokenizer has no borders', () => {
    const encoder = new ConversationEncoder({ ...loaded, borders: null }, 1000);
    const text = '<|im_start|>user\nhello<|im_end|>';
    expect([...encodeAll(encoder, text)]).toEqual(encodeWhole(loaded, text));
    expect(encoder.counts()).toMatchObject({ hitTokens: 0, missTokens: 0, cachedTokens: 0 });
  });
});
