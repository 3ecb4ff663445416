import type { TokenizerCalls } from './load-tokenizer.js';
import type { AddedToken, TokenizerJson } from './tokenizer-json.js';

/**
 * Where a text may be cut so that its parts encode one by one to the ids of the whole.
 *
 * The library first splits a text at added tokens (leftmost, then longest) and encodes the stretches between them apart. Three things
 * look across: tokens that strip their neighbours' whitespace, tokens searched for in normalized text, and a Metaspace
 * pre-tokenizer that marks the first stretch only. The first two are no borders and stay inside a part; the third rules borders out.
 */
export interface SegmentBorders {
  /** Matches every added token that splits text, borders and others. */
  readonly separator: RegExp;
  /** Ids of those that are borders, by text. */
  readonly ids: ReadonlyMap<string, number>;
  /** UTF-16 units of the longest token that splits text. */
  readonly tokenUnitsMax: number;
}

/** What stands beside a border when it is tried out: whitespace, letters, marks that combine, characters of several bytes. */
const PROBES: readonly (readonly [left: string, right: string])[] = [
  ['Hello', 'world'],
  ['end. \n', '\n\n start'],
  ['  ', ' x'],
  ['cafe', '\u0301 鯨🧊'],
  ["it'", "s 12 , 3 don't"],
];

/** Null when no token is a border, or when trying one out contradicts the reasoning above. */
export function findBorders(
  json: TokenizerJson,
  addedTokens: ReadonlyMap<string, AddedToken>,
  tokenizer: TokenizerCalls,
): SegmentBorders | null {
  if (marksFirstStretch(json.pre_tokenizer)) return null;
  const splitting = [...addedTokens].filter(([text, token]) => text !== '' && !token.isNormalized);
  const ids = new Map(
    splitting
      .filter(([text, token]) => !token.strips && text === text.trim())
      .map(([text, { id }]) => [text, id]),
  );
  if (ids.size === 0 || ![...ids].every(([text, id]) => holds(text, id, tokenizer))) return null;
  const texts = splitting.map(([text]) => text);
  const tokenUnitsMax = Math.max(...texts.map((text) => text.length));
  return { separator: separatorOf(texts), ids, tokenUnitsMax };
}

function holds(border: string, id: number, tokenizer: TokenizerCalls): boolean {
  const encode = (text: string): number[] =>
    text === '' ? [] : tokenizer.encode(text, { add_special_tokens: false }).ids;
  return PROBES.every(([left, right]) => {
    const whole = encode(left + border + right);
    const parts = [...encode(left), id, ...encode(right)];
    return whole.length === parts.length && whole.every((token, index) => token === parts[index]);
  });
}

function marksFirstStretch(preTokenizer: unknown): boolean {
  if (typeof preTokenizer !== 'object' || preTokenizer === null) return false;
  const { type, prepend_scheme, pretokenizers } = preTokenizer as Readonly<Record<string, unknown>>;
  if (Array.isArray(pretokenizers)) return pretokenizers.some(marksFirstStretch);
  return type === 'Metaspace' && prepend_scheme === 'first';
}

/** Alternatives are tried in order, so the longest of two tokens with one beginning comes first. */
function separatorOf(tokens: readonly string[]): RegExp {
  const escaped = tokens
    .toSorted((a, b) => b.length - a.length)
    .map((token) => token.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(escaped.join('|'));
}
