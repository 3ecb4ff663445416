import { toByteSymbols } from './byte-symbols.js';

/** Words as byte-level pre-tokenizers cut them: contractions, letters, digits, punctuation, whitespace (the pattern of GPT-2). */
export const WORD_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

export type Merge = readonly [left: string, right: string];

interface Word {
  symbols: string[];
  readonly count: number;
}

/**
 * Learns byte-pair merges from a text, most frequent pair first; equal counts go to the pair that sorts first by code unit,
 * so the same corpus always gives the same merges. Ends early when every word is one symbol.
 * O(merges x distinct words): right for a corpus of kilobytes.
 */
export function trainMerges(corpus: string, mergeCountMax: number): Merge[] {
  const words = countWords(corpus);
  const merges: Merge[] = [];
  while (merges.length < mergeCountMax) {
    const best = mostFrequentPair(words);
    if (best === null) break;
    merges.push(best);
    for (const word of words) word.symbols = applyMerge(word.symbols, best);
  }
  return merges;
}

function countWords(corpus: string): Word[] {
  const counts = new Map<string, number>();
  for (const [word] of corpus.matchAll(new RegExp(WORD_PATTERN, 'gu'))) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return Array.from(counts, ([word, count]) => ({ symbols: toByteSymbols(word), count }));
}

function mostFrequentPair(words: readonly Word[]): Merge | null {
  const counts = new Map<string, number>();
  for (const { symbols, count } of words) {
    for (let index = 1; index < symbols.length; index += 1) {
      // No symbol is a space, so a space separates the two without doubt.
      const pair = `${symbols[index - 1] ?? ''} ${symbols[index] ?? ''}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  let best: string | null = null;
  let bestCount = 0;
  for (const [pair, count] of counts) {
    if (count > bestCount || (count === bestCount && best !== null && pair < best)) {
      best = pair;
      bestCount = count;
    }
  }
  if (best === null) return null;
  const space = best.indexOf(' ');
  return [best.slice(0, space), best.slice(space + 1)];
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
