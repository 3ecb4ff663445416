import { byteSymbols } from '../byte-symbols.js';
import type { AddedToken, TokenizerJson } from '../tokenizer-json.js';

type Settings = Readonly<Record<string, unknown>>;

/** Most UTF-16 units that canonical composition makes one of: a letter with three marks. */
const COMPOSED_UNITS_MAX = 4;

/**
 * Most UTF-16 units of a text that one token can stand for: a text of more than n times as many has more than n tokens.
 * @returns null when there is no such number, for what the tokenizer drops or takes together.
 */
export function unitsPerTokenMax(
  json: TokenizerJson,
  config: Settings,
  addedTokens: ReadonlyMap<string, AddedToken>,
): number | null {
  const { model } = json;
  const vocab = model?.vocab;
  if (config['remove_space'] === true || vocab === undefined || Array.isArray(vocab)) return null;
  if (model?.type !== undefined && model.type !== 'BPE') return null;
  if ([...addedTokens.values()].some(({ strips }) => strips)) return null;
  const growth = normalizedGrowth(json.normalizer);
  if (growth === null || dropsText(json.pre_tokenizer)) return null;
  if (!knowsEveryByte(json, vocab as Readonly<Record<string, number>>)) return null;
  let longest = 1;
  for (const token of Object.keys(vocab)) longest = Math.max(longest, token.length);
  for (const token of addedTokens.keys()) longest = Math.max(longest, token.length);
  return longest * growth;
}

/** How many units one may be made of at most; null when any number. */
function normalizedGrowth(settings: unknown): number | null {
  if (settings === null || settings === undefined) return 1;
  const { type, normalizers, pattern, content } = settings as Settings;
  switch (type) {
    case 'Sequence': {
      const growths = ((normalizers ?? []) as readonly unknown[]).map(normalizedGrowth);
      return growths.reduce<number | null>(
        (product, growth) => (product === null || growth === null ? null : product * growth),
        1,
      );
    }
    case 'NFC':
      return COMPOSED_UNITS_MAX;
    case 'Prepend':
      return 1;
    case 'Replace': {
      const found = (pattern as Settings | undefined)?.['String'];
      return typeof found === 'string' && found.length === 1 && content !== '' ? 1 : null;
    }
    default:
      return null;
  }
}

/** Whether a pre-tokenizer may leave out what it does not know; those that match everything do not. */
function dropsText(settings: unknown): boolean {
  if (settings === null || settings === undefined) return false;
  const { type, pretokenizers, invert, behavior } = settings as Settings;
  switch (type) {
    case 'Sequence':
      return ((pretokenizers ?? []) as readonly unknown[]).some(dropsText);
    case 'Split':
      return invert === true || String(behavior).toLowerCase() === 'removed';
    case 'ByteLevel':
    case 'Metaspace':
    case 'Digits':
      return false;
    default:
      return true;
  }
}

/** Nothing becomes "unknown", which may stand for any number of characters. */
function knowsEveryByte(
  { pre_tokenizer: settings, model }: TokenizerJson,
  vocab: Readonly<Record<string, number>>,
): boolean {
  if (model?.byte_fallback === true) {
    return byteSymbols.every(
      (_symbol, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>` in vocab,
    );
  }
  return writesBytes(settings) && byteSymbols.every((symbol) => symbol in vocab);
}

function writesBytes(settings: unknown): boolean {
  const { type, pretokenizers } = (settings ?? {}) as Settings;
  return type === 'ByteLevel' || ((pretokenizers ?? []) as readonly unknown[]).some(writesBytes);
}
