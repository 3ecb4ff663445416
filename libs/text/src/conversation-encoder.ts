import { LRUCache } from 'lru-cache';
import type { LoadedTokenizer } from './load-tokenizer.js';
import type { SegmentBorders } from './segment-borders.js';
import { encodeSlices } from './slicing/encode-slices.js';
import type { EncodingEnd, SliceOptions, Steps } from './slicing/encode-slices.js';
import type { CacheCounts } from './worker-messages.js';

/** Segments longer than this many UTF-16 units are not cached: one huge paste must not push out every conversation. */
const SEGMENT_UNITS_MAX = 1_048_576;
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

  /**
   * @param cacheTokensMax ids kept over all segments; the least recently used go first.
   * @param segmentUnitsMax longest segment that is cached, in UTF-16 units.
   */
  constructor(
    private readonly loaded: LoadedTokenizer,
    cacheTokensMax: number,
    private readonly segmentUnitsMax: number = SEGMENT_UNITS_MAX,
  ) {
    this.segments = new LRUCache<string, Uint32Array>({
      maxSize: cacheTokensMax,
      sizeCalculation: (ids, text) => Math.max(1, ids.length, Math.ceil(text.length / UNITS_PER_TOKEN_MAX)),
      dispose: (ids, _text, reason) => {
        if (reason === 'evict') this.evictedTokens += ids.length;
      },
    });
  }

  /** @returns how it ended; the ids are in `ids` then. */
  *encode(text: string, options: SliceOptions): Steps<EncodingEnd> {
    const { borders } = this.loaded;
    if (borders === null) return yield* encodeSlices(this.loaded, text, options);
    const search = { borders, unitsMax: this.segmentUnitsMax };
    for (let at = 0; at < text.length;) {
      const segment = yield* findSegment(search, text, at);
      if (segment === 'oversized') {
        // One huge paste must not push out every conversation, nor what is behind it: all the rest is encoded anew.
        this.oversizedSegments += 1;
        return yield* this.encodeUncached(text.slice(at), options);
      }
      const end = yield* this.encodeSegment(text.slice(at, segment.end), options);
      if (end !== 'done') return end;
      if (segment.borderId !== null) options.ids.add(segment.borderId);
      // Also when all of it was known: there may be very many segments.
      yield (segment.next - at) * SEARCH_SHARE;
      at = segment.next;
    }
    return options.ids.isOver ? 'over' : 'done';
  }

  /** A text that goes on, up to its last border: what follows cannot change its ids. Empty when there is no border. */
  upToLastBorder(text: string): string {
    const { borders } = this.loaded;
    if (borders === null) return '';
    let end = 0;
    for (const { 0: token, index } of text.matchAll(new RegExp(borders.separator, 'g'))) {
      if (borders.ids.has(token)) end = index + token.length;
    }
    return text.slice(0, end);
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

  private *encodeSegment(segment: string, options: SliceOptions): Steps<EncodingEnd> {
    if (segment === '') return 'done';
    const known = this.segments.get(segment);
    if (known !== undefined) {
      this.hitTokens += known.length;
      options.ids.add(known);
      return options.ids.isOver ? 'over' : 'done';
    }
    const own = options.ids.startPart();
    const end = yield* this.encodeUncached(segment, { ...options, ids: own });
    if (end !== 'done') return end;
    const ids = own.join();
    options.ids.add(ids);
    // A copy: a slice would keep the whole conversation it was cut from alive.
    this.segments.set(structuredClone(segment), ids);
    return 'done';
  }

  private *encodeUncached(text: string, options: SliceOptions): Steps<EncodingEnd> {
    const before = options.ids.count;
    const end = yield* encodeSlices(this.loaded, text, options);
    this.missTokens += options.ids.count - before;
    return end;
  }
}

/** What lies before the next border, or before the end of the text. */
interface Segment {
  readonly end: number;
  readonly borderId: number | null;
  readonly next: number;
}

/** A text is searched for borders in windows of this many UTF-16 units. */
const SEARCH_UNITS = 65_536;
/** Searching costs about this part of encoding. */
const SEARCH_SHARE = 1 / 16;

interface SegmentSearch {
  readonly borders: SegmentBorders;
  /** Of a segment, in UTF-16 units. */
  readonly unitsMax: number;
}

function* findSegment(
  { borders, unitsMax }: SegmentSearch,
  text: string,
  start: number,
): Steps<Segment | 'oversized'> {
  const withinLimit = (segment: Segment): Segment | 'oversized' =>
    segment.end - start > unitsMax ? 'oversized' : segment;
  for (let at = start; at - start <= unitsMax;) {
    // Every token that begins in the window is seen whole.
    const found = borders.separator.exec(text.slice(at, at + SEARCH_UNITS + borders.tokenUnitsMax));
    if (found === null || found.index >= SEARCH_UNITS) {
      if (at + SEARCH_UNITS >= text.length)
        return withinLimit({ end: text.length, borderId: null, next: text.length });
      at += SEARCH_UNITS;
      yield SEARCH_UNITS * SEARCH_SHARE;
      continue;
    }
    const end = at + found.index;
    const next = end + found[0].length;
    const borderId = borders.ids.get(found[0]) ?? null;
    if (borderId !== null) return withinLimit({ end, borderId, next });
    at = next;
  }
  return 'oversized';
}
