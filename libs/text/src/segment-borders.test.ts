import { describe, expect, it } from 'vitest';
import { changedMock, mock } from '../test/mock-variants.js';
import { findBorders } from './segment-borders.js';

const bordersOf = ({ borders }: ReturnType<typeof mock>): string[] => [...(borders?.ids.keys() ?? [])];

describe('findBorders()', () => {
  it('takes every special token of a plain tokenizer', () => {
    expect(bordersOf(mock())).toEqual(['<|endoftext|>', '<|im_start|>', '<|im_end|>']);
  });

  it('keeps them with a normalizer that they do not pass through', () => {
    expect(bordersOf(changedMock({ normalizer: { type: 'NFC' } }))).toHaveLength(3);
  });

  it('leaves out tokens that strip or that are searched for in normalized text', () => {
    const stripping = changedMock({
      addedToken: (token) => ({ ...token, lstrip: token.content === '<|im_start|>' }),
    });
    expect(bordersOf(stripping)).not.toContain('<|im_start|>');
    const normalized = changedMock({
      normalizer: { type: 'Lowercase' },
      addedToken: (token) => ({ ...token, normalized: token.content === '<|im_end|>' }),
    });
    expect(bordersOf(normalized)).toEqual(['<|endoftext|>', '<|im_start|>']);
  });

  it('finds none when the first stretch of a text is marked, nested settings included', () => {
    const metaspace = { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'first' };
    expect(changedMock({ preTokenizer: metaspace }).borders).toBeNull();
    const nested = { type: 'Sequence', pretokenizers: [{ type: 'Digits' }, metaspace] };
    expect(changedMock({ preTokenizer: nested }).borders).toBeNull();
  });

  it('finds none when a trial contradicts the settings', () => {
    const { tokenizer, addedTokens } = mock();
    const looksAcross = {
      ...tokenizer,
      encode: (text: string) => ({ ids: Array.from(text, (_, index) => index) }),
    };
    expect(findBorders({}, addedTokens, looksAcross)).toBeNull();
  });
});
