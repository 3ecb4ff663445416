import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedMock, mock } from '../../test/mock-variants.js';
import { marksSpaces, marksStart, smallTokenizer } from '../../test/small-tokenizers.js';
import { patterns } from '../../test/split-patterns.js';
import type { LoadedTokenizer } from '../load-tokenizer.js';
import { encodeSlices, SLICE_UNITS } from './encode-slices.js';
import { IdCollector } from './id-collector.js';

const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
const split = (source: string, behavior = 'Isolated') => ({
  type: 'Sequence',
  pretokenizers: [{ type: 'Split', pattern: { Regex: source }, behavior, invert: false }, bytes],
});
const metaspace = (scheme: string) => ({ type: 'Metaspace', replacement: '\u2581', prepend_scheme: scheme });
const prefixed = { ...bytes, add_prefix_space: true, use_regex: true };

/** Every tokenizer that can be sliced, by what is special about it. */
const SLICED: readonly (readonly [string, () => LoadedTokenizer])[] = [
  ['the mock tokenizer', mock],
  ...patterns.map(([name, source]) => [name, () => changedMock({ preTokenizer: split(source) })] as const),
  [
    'digits first',
    () =>
      changedMock({
        preTokenizer: {
          type: 'Sequence',
          pretokenizers: [{ type: 'Digits', individual_digits: true }, prefixed],
        },
      }),
  ],
  ['a prefix space', () => changedMock({ preTokenizer: prefixed })],
  ...['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase'].map(
    (type) => [type, () => changedMock({ normalizer: { type } })] as const,
  ),
  [
    'accents taken away',
    () =>
      changedMock({
        normalizer: { type: 'Sequence', normalizers: [{ type: 'NFD' }, { type: 'StripAccents' }] },
      }),
  ],
  ['a token of letters', () => changedMock({ furtherTokens: ['harbour', 'r t', 'e ', '<|x'] })],
  [
    'tokens that strip',
    () =>
      changedMock({
        addedToken: (token) => ({ ...token, lstrip: true, rstrip: token.content !== '<|im_end|>' }),
      }),
  ],
  [
    'tokens searched for in normalized text',
    () =>
      changedMock({
        normalizer: { type: 'Lowercase' },
        addedToken: (token) => ({ ...token, normalized: true }),
        furtherTokens: ['THE H'],
      }),
  ],
  ['SentencePiece with a marked start', () => smallTokenizer({ normalizer: marksStart })],
  ['SentencePiece without', () => smallTokenizer({ normalizer: marksSpaces })],
  [
    'SentencePiece with tokens over spaces',
    () =>
      smallTokenizer({
        normalizer: marksSpaces,
        merges: [
          ['e', '\u2581'],
          ['e\u2581', 't'],
        ],
      }),
  ],
  ...['always', 'first', 'never'].map(
    (scheme) =>
      [
        `Metaspace, ${scheme}`,
        () => smallTokenizer({ normalizer: { type: 'NFC' }, preTokenizer: metaspace(scheme) }),
      ] as const,
  ),
];

const piece = fc.oneof(
  fc.constantFrom(
    'the ',
    'harbour ',
    'of ',
    'tea',
    'ab',
    'abc ',
    '12 ',
    '3',
    ' ',
    '  ',
    '    ',
    '\n',
    '\n\n',
    '\t',
  ),
  fc.constantFrom(
    '\u9be8',
    '\u6e2f\u3002',
    '\u304b\u3099',
    '\ud55c',
    '\u1100\u1161',
    '\u03a3',
    '\u0301',
    'e\u0301 ',
  ),
  fc.constantFrom(
    '\u0130',
    '\u00df ',
    '\uff21',
    '\ufb01',
    '\uff9e',
    '🧊',
    '👩‍👩‍👧',
    '\u2581',
    ', ',
    '. ',
    "'s ",
    '"',
    '\ufeff',
  ),
  fc.constantFrom('<|im_start|>', '<|im_end|>', '<|im_', '<s>', '<s', '0'.repeat(20), ' '.repeat(30), '\r\n'),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
);

const wholeOf = ({ tokenizer }: LoadedTokenizer, text: string): number[] =>
  tokenizer.encode(text, { add_special_tokens: false }).ids;

describe('findSliceBorders()', () => {
  it.each(SLICED)('cuts without changing any id: %s', (_name, make) => {
    const loaded = make();
    const { sliceBorders: borders } = loaded;
    if (borders === null) throw new Error('The tokenizer has no borders');
    let cuts = 0;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 24 }), fc.nat({ max: 3 }), (pieces, stride) => {
        const text = pieces.join('');
        const ids: number[] = [];
        let start = 0;
        for (;;) {
          const border = borders.firstWithin(text, start + stride, text.length);
          if (border === null) break;
          ids.push(...wholeOf(loaded, text.slice(start, border.end)));
          start = border.next;
          cuts += 1;
        }
        expect([...ids, ...wholeOf(loaded, text.slice(start))]).toEqual(wholeOf(loaded, text));
      }),
      { numRuns: 300 },
    );
    expect(cuts).toBeGreaterThan(30);
  });

  it.each([
    ['a start that is stripped', { normalizer: { type: 'Strip', strip_left: true, strip_right: true } }],
    ['a pattern replaced', { normalizer: { type: 'Replace', pattern: { Regex: ' +' }, content: ' ' } }],
    ['a pattern that looks back', { preTokenizer: split('(?<=a)b|[^b]+') }],
    ['pieces of one length', { preTokenizer: { type: 'FixedLength', length: 5 } }],
    ['spaces removed by its configuration', { config: { remove_space: true } }],
  ])('finds none for %s', (_what, changes) => {
    expect(changedMock(changes).sliceBorders).toBeNull();
  });

  it('looks for the last border of a slice, and for the first behind it', () => {
    const borders = mock().sliceBorders;
    const text = `the harbour ${'x'.repeat(50)} of`;
    expect(borders?.lastWithin(text, 0, 20)?.end).toBe(11);
    expect(borders?.lastWithin(text, 12, 20)).toBeNull();
    expect(borders?.firstWithin(text, 12, 40)).toBeNull();
    expect(borders?.firstWithin(text, 12, text.length)?.end).toBe(62);
  });
});

describe('encodeSlices()', () => {
  const run = (text: string, idsMax = Infinity, stretchUnitsMax = 20_000) => {
    const ids = new IdCollector(idsMax);
    const steps = encodeSlices(mock(), text, { ids, stretchUnitsMax });
    const units: number[] = [];
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) units.push(step.value);
    return { end: step.value, units, ids };
  };

  it('yields after slices of a limited length, and gives the ids of the whole', () => {
    const text = 'How long is the pier? \u9be8\u3002\n'.repeat(3000);
    const { end, units, ids } = run(text);
    expect(end).toBe('done');
    expect(Math.max(...units)).toBeLessThanOrEqual(SLICE_UNITS);
    expect(units.reduce((sum, each) => sum + each, 0)).toBe(text.length);
    expect([...ids.join()]).toEqual(wholeOf(mock(), text));
  });

  it('stops as soon as there are more ids than wanted', () => {
    const { end, units } = run('a b c d '.repeat(100_000), 1000);
    expect([end, units.length]).toEqual(['over', 0]);
  });

  it('encodes a stretch without a border in one go, up to its limit', () => {
    const word = 'x'.repeat(15_000);
    const { end, units, ids } = run(`the ${word} of`);
    expect([end, units]).toEqual(['done', [3, 15_001, 3]]);
    expect([...ids.join()]).toEqual(wholeOf(mock(), `the ${word} of`));
    expect(run(`the ${word} of`, Infinity, 10_000).end).toBe('unsliceable');
  });
});
