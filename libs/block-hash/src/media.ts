import type { HashWords } from './hash-words.js';
import { utf8Bytes } from './utf8-bytes.js';
import { xxh3 } from './xxh3.js';

/** Where one media item (an image, a clip) stands in a prompt, and what it is. */
export interface MediaSpan {
  /** See `mediaContent`. */
  readonly content: HashWords;
  /** Its placeholder tokens. At least one. */
  readonly firstToken: number;
  readonly tokenCount: number;
}

/** Contents of the media in each block that has any, by the block's number: different ones, in rising order, 2 words each (lo, hi). */
export type BlockMedia = ReadonlyMap<number, Uint32Array>;

const DIGEST = /^[0-9a-f]{64}$/i;
const TEXT_SEED: HashWords = { lo: 0, hi: 0 };

/**
 * Returns 64 bits for what an engine calls a media item: the first 16 digits of a hexadecimal digest of 64, else XXH3-64 (seed 0) of the UTF-8 text.
 * The rule of Dynamo's routers.
 */
export function mediaContent(identifier: string): HashWords {
  if (!DIGEST.test(identifier)) return xxh3(utf8Bytes(identifier), TEXT_SEED);
  return {
    hi: Number.parseInt(identifier.slice(0, 8), 16),
    lo: Number.parseInt(identifier.slice(8, 16), 16),
  };
}

/** Which contents are in which complete block; null without any. O(blocks that have media). */
export function mediaByBlock(
  spans: readonly MediaSpan[],
  blockSize: number,
  blockCount: number,
): BlockMedia | null {
  if (spans.length === 0) return null;
  const contents = new Map<number, HashWords[]>();
  for (const { content, firstToken, tokenCount } of spans) {
    const last = Math.min(blockCount - 1, Math.floor((firstToken + tokenCount - 1) / blockSize));
    for (let block = Math.floor(firstToken / blockSize); block <= last; block += 1) {
      const known = contents.get(block);
      if (known === undefined) contents.set(block, [content]);
      else known.push(content);
    }
  }
  return new Map([...contents].map(([block, own]) => [block, sortedContents(own)]));
}

/** Different contents in rising order, as words: what a block's hash takes. */
export function sortedContents(contents: readonly HashWords[]): Uint32Array {
  const sorted = contents.toSorted((one, other) => one.hi - other.hi || one.lo - other.lo);
  const different = sorted.filter(
    ({ lo, hi }, index) => index === 0 || lo !== sorted[index - 1]?.lo || hi !== sorted[index - 1]?.hi,
  );
  return Uint32Array.from(different.flatMap(({ lo, hi }) => [lo, hi]));
}
