import { byteSymbols } from '@kvasir/text';

/** Words as byte-level pre-tokenizers cut them: contractions, letters, digits, punctuation, whitespace (the pattern of GPT-2). */
export const WORD_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

export type Merge = readonly [left: string, right: string];

interface Word {
  symbols: readonly string[];
  readonly count: number;
}

/** How often a pair of neighbours occurs, and in which words. */
interface PairUse {
  count: number;
  readonly words: Set<Word>;
}

/**
 * Learns byte-pair merges from a text, most frequent pair first; equal counts go to the pair that sorts first by code unit,
 * so the same corpus always gives the same merges. Ends early when every word is one symbol.
 * O(merges x distinct pairs): right for a corpus of kilobytes.
 */
export function trainMerges(corpus: string, mergeCountMax: number): Merge[] {
  const uses = new Map<string, PairUse>();
  for (const word of countWords(corpus)) tally(uses, word, 1);
  const merges: Merge[] = [];
  while (merges.length < mergeCountMax) {
    const best = mostFrequentPair(uses);
    if (best === null) break;
    merges.push(best.merge);
    for (const word of [...best.words]) {
      tally(uses, word, -1);
      word.symbols = applyMerge(word.symbols, best.merge);
      tally(uses, word, 1);
    }
  }
  return merges;
}

function countWords(corpus: string): Word[] {
  const counts = new Map<string, number>();
  for (const [word] of corpus.matchAll(new RegExp(WORD_PATTERN, 'gu'))) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const utf8 = new TextEncoder();
  return Array.from(counts, ([word, count]) => ({
    symbols: Array.from(utf8.encode(word), (byte) => byteSymbols[byte] ?? ''),
    count,
  }));
}

/** Adds the pairs of a word to the counts, or takes them out. */
function tally(uses: Map<string, PairUse>, word: Word, sign: 1 | -1): void {
  for (let index = 1; index < word.symbols.length; index += 1) {
    // No symbol is a space, so a space separates the two without doubt.
    const pair = `${word.symbols[index - 1] ?? ''} ${word.symbols[index] ?? ''}`;
    const use = uses.get(pair) ?? { count: 0, words: new Set<Word>() };
    use.count += sign * word.count;
    if (sign === 1) use.words.add(word);
    else use.words.delete(word);
    if (use.count > 0) uses.set(pair, use);
    else uses.delete(pair);
  }
}

function mostFrequentPair(
  uses: ReadonlyMap<string, PairUse>,
): { readonly merge: Merge; readonly words: ReadonlySet<Word> } | null {
  let best: string | null = null;
  let bestUse: PairUse | null = null;
  for (const [pair, use] of uses) {
    const isBetter =
      bestUse === null ||
      best === null ||
      use.count > bestUse.count ||
      (use.count === bestUse.count && pair < best);
    if (isBetter) {
      best = pair;
      bestUse = use;
    }
  }
  if (best === null || bestUse === null) return null;
  const space = best.indexOf(' ');
  return { merge: [best.slice(0, space), best.slice(space + 1)], words: bestUse.words };
}

function applyMerge(symbols: readonly string[], [left, right]: Merge): string[] {
  const merged: string[] = [];
  for (let index = 0; index < symbols.length; index += 1) {
    const symbol = symbols[index] ?? '';
    if (symbol === left && symbols[index + 1] === right) {
      merged.push(left + right);
      index += 1;
    } else {
      merged.push(symbol);
    }
  }
  return merged;
}
