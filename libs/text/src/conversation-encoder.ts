import { LRUCache } from 'lru-cache';
import type { LoadedTokenizer } from './load-tokenizer.js';
import type { CacheCounts } from './worker-messages.js';

/** Segments longer than this many UTF-16 units are not cached: one huge paste must not push out every conversation. */
export const SEGMENT_UNITS_MAX = 1_048_576;
/** A segment counts as at least one token per this many UTF-16 units, so that a limit in tokens limits the bytes of the texts too. */
const UNITS_PER_TOKEN_MAX = 16;

/**
 * Encodes rendered conversations, remembering the ids of every text between two borders (see `SegmentBorders`): the next turn
 * of a conversation encodes only its new messages. Ids are those of encoding the whole text at once, without the tokens a
 * post-processor adds. Nothing is cached when the tokenizer has no borders.
 */
export class ConversationEncoder {
  private readonly segments: LRUCache<string, Uint32Array>;
  private hitTokens = 0;
  private missTokens = 0;
  private evictedTokens = 0;
  private oversizedSegments = 0;

  /** @param cacheTokensMax ids kept over all segments; the least recently used go first. */
  constructor(
    private readonly loaded: LoadedTokenizer,
    cacheTokensMax: number,
  ) {
    this.segments = new LRUCache<string, Uint32Array>({
      maxSize: cacheTokensMax,
      sizeCalculation: (ids, text) => Math.max(1, ids.length, Math.ceil(text.length / UNITS_PER_TOKEN_MAX)),
      dispose: (ids, _text, reason) => {
        if (reason === 'evict') this.evictedTokens += ids.length;
      },
    });
  }

  encode(text: string): Uint32Array<ArrayBuffer> {
    const { borders } = this.loaded;
    if (borders === null) return this.encodeWhole(text);
    const parts: (number | Uint32Array)[] = [];
    let segment = '';
    const endSegment = (): void => {
      if (segment !== '') parts.push(this.encodeSegment(segment));
      segment = '';
    };
    for (const stretch of text.split(borders.separator)) {
      const id = borders.ids.get(stretch);
      if (id === undefined) segment += stretch;
      else {
        endSegment();
        parts.push(id);
      }
    }
    endSegment();
    return join(parts);
  }

  counts(): CacheCounts {
    return {
      hitTokens: this.hitTokens,
      missTokens: this.missTokens,
      evictedTokens: this.evictedTokens,
      oversizedSegments: this.oversizedSegments,
      cachedTokens: this.segments.calculatedSize,
    };
  }

  private encodeSegment(segment: string): Uint32Array {
    const known = this.segments.get(segment);
    if (known !== undefined) {
      this.hitTokens += known.length;
      return known;
    }
    const ids = this.encodeWhole(segment);
    this.missTokens += ids.length;
    if (segment.length > SEGMENT_UNITS_MAX) this.oversizedSegments += 1;
    // A copy: a slice would keep the whole conversation it was cut from alive.
    else this.segments.set(structuredClone(segment), ids);
    return ids;
  }

  private encodeWhole(text: string): Uint32Array<ArrayBuffer> {
    return Uint32Array.from(this.loaded.tokenizer.encode(text, { add_special_tokens: false }).ids);
  }
}

function join(parts: readonly (number | Uint32Array)[]): Uint32Array<ArrayBuffer> {
  let tokenCount = 0;
  for (const part of parts) tokenCount += typeof part === 'number' ? 1 : part.length;
  const ids = new Uint32Array(tokenCount);
  let offset = 0;
  for (const part of parts) {
    if (typeof part === 'number') {
      ids[offset] = part;
      offset += 1;
    } else {
      ids.set(part, offset);
      offset += part.length;
    }
  }
  return ids;
}
