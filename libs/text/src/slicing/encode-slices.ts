import type { TokenizerCalls } from '../load-tokenizer.js';
import type { IdCollector } from './id-collector.js';
import type { SliceBorders } from './slice-borders.js';

/** A slice is at most this many UTF-16 units, when there is a border: some 2 ms of encoding. */
export const SLICE_UNITS = 4_096;
/** Longest stretch without a border that is encoded between two other texts: some 100 ms at worst, for one word of this length. */
export const STRETCH_UNITS_MAX = 65_536;

export interface SlicedTokenizer {
  readonly tokenizer: TokenizerCalls;
  readonly sliceBorders: SliceBorders | null;
}

/** How encoding ended: with all ids, with more ids than wanted, or before a stretch too long for one slice. */
export type EncodingEnd = 'done' | 'over' | 'unsliceable';

/** Work that can be left at every step: yields the UTF-16 units it has worked on since the last one. */
export type Steps<Result> = Generator<number, Result, undefined>;

export interface SliceOptions {
  /** Where the ids go. */
  readonly ids: IdCollector;
  /** Longest stretch without a border that is encoded in one go. */
  readonly stretchUnitsMax: number;
}

/** Encodes a text without the tokens of a post-processor. */
export function* encodeSlices(
  { tokenizer, sliceBorders }: SlicedTokenizer,
  text: string,
  { ids, stretchUnitsMax }: SliceOptions,
): Steps<EncodingEnd> {
  let start = 0;
  while (start < text.length) {
    const border =
      text.length - start <= SLICE_UNITS ? null : findBorder(sliceBorders, text, start, stretchUnitsMax);
    const { end, next } = border ?? { end: text.length, next: text.length };
    if (end - start > Math.max(SLICE_UNITS, stretchUnitsMax)) return 'unsliceable';
    ids.add(tokenizer.encode(text.slice(start, end), { add_special_tokens: false }).ids);
    if (ids.isOver) return 'over';
    yield next - start;
    start = next;
  }
  return 'done';
}

function findBorder(borders: SliceBorders | null, text: string, start: number, stretchUnitsMax: number) {
  if (borders === null) return null;
  const wanted = start + SLICE_UNITS;
  return (
    borders.lastWithin(text, start, wanted) ?? borders.firstWithin(text, wanted, start + stretchUnitsMax)
  );
}
