import { assembleTokenizer } from '../src/load-tokenizer.js';
import type { LoadedTokenizer } from '../src/load-tokenizer.js';

/** Tokens of a vocabulary that marks spaces as SentencePiece does: letters, what may be joined, and the bytes of all else. */
const MARK = '\u2581';
const LETTERS = [...Array.from('abcdefghijklmnopqrstuvwxyzABCDEFG0123456789.,\n'), MARK];
const MERGES: readonly (readonly [string, string])[] = [
  [MARK, MARK],
  [MARK, 't'],
  ['h', 'e'],
  [`${MARK}t`, 'he'],
  ['o', 'f'],
  [MARK, 'of'],
  ['1', '2'],
  ['a', 'b'],
  ['ab', 'c'],
  [`${MARK}${MARK}`, `${MARK}${MARK}`],
];

interface SmallChanges {
  readonly normalizer: object;
  readonly preTokenizer?: object;
  /** Further merges, in front of the others. */
  readonly merges?: readonly (readonly [string, string])[];
  readonly model?: object;
}

/** A tokenizer in SentencePiece's style, with byte fallback. */
export function smallTokenizer({
  normalizer,
  preTokenizer,
  merges = [],
  model,
}: SmallChanges): LoadedTokenizer {
  const all = [...merges, ...MERGES];
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
  const tokens = [...new Set(['<unk>', ...bytes, ...LETTERS, ...all.map((pair) => pair.join(''))])];
  return assembleTokenizer(
    {
      normalizer,
      pre_tokenizer: preTokenizer ?? null,
      decoder: null,
      added_tokens: [
        { id: tokens.length, content: '<s>', special: true, normalized: false },
        { id: tokens.length + 1, content: 'tea', special: false, normalized: true },
      ],
      model: {
        type: 'BPE',
        unk_token: '<unk>',
        fuse_unk: true,
        byte_fallback: true,
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges: all.map((pair) => [...pair]),
        ...model,
      },
    },
    {},
    null,
  );
}

/** Llama 2's normalizer, and Gemma's. */
export const marksStart = {
  type: 'Sequence',
  normalizers: [
    { type: 'Prepend', prepend: MARK },
    { type: 'Replace', pattern: { String: ' ' }, content: MARK },
  ],
};
export const marksSpaces = { type: 'Replace', pattern: { String: ' ' }, content: MARK };
