import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedMock, mock } from '../../test/mock-variants.js';
import { marksSpaces, marksStart, smallTokenizer } from '../../test/small-tokenizers.js';
import type { LoadedTokenizer } from '../load-tokenizer.js';

const BOUNDED: readonly (readonly [string, () => LoadedTokenizer])[] = [
  ['the mock tokenizer', mock],
  ['NFC', () => changedMock({ normalizer: { type: 'NFC' } })],
  ['a long added token', () => changedMock({ furtherTokens: ['x'.repeat(90)] })],
  ['SentencePiece with a marked start', () => smallTokenizer({ normalizer: marksStart })],
  ['SentencePiece without', () => smallTokenizer({ normalizer: marksSpaces })],
];

const piece = fc.oneof(
  fc.constantFrom('x'.repeat(90), ' '.repeat(64), '\u03b1\u0313\u0301\u0345', 'the ', '<|im_start|>', '🧊'),
  fc.string({ unit: 'binary', maxLength: 8 }),
);

describe('unitsPerTokenMax()', () => {
  it.each(BOUNDED)('is never exceeded: %s', (_name, make) => {
    const { tokenizer, unitsPerTokenMax } = make();
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const { ids } = tokenizer.encode(text, { add_special_tokens: false });
        expect(text.length).toBeLessThanOrEqual(ids.length * (unitsPerTokenMax ?? 0));
      }),
    );
  });

  it('counts the longest token, added ones too', () => {
    expect(changedMock({ furtherTokens: ['x'.repeat(90)] }).unitsPerTokenMax).toBe(90);
  });

  it.each([
    [
      'tokens that strip any number of spaces',
      { addedToken: (token: object) => ({ ...token, rstrip: true }) },
    ],
    ['text that is dropped', { preTokenizer: { type: 'Whitespace' } }],
    ['a pattern replaced', { normalizer: { type: 'Replace', pattern: { Regex: ' +' }, content: ' ' } }],
    ['accents taken away', { normalizer: { type: 'StripAccents' } }],
  ] as const)('is not known with %s', (_what, changes) => {
    expect(changedMock(changes as Parameters<typeof changedMock>[0]).unitsPerTokenMax).toBeNull();
  });

  it('is not known when unknown characters become one token', () => {
    const loaded = smallTokenizer({ normalizer: marksSpaces, model: { byte_fallback: false } });
    expect(loaded.unitsPerTokenMax).toBeNull();
  });
});
