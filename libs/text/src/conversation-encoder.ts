import { LRUCache } from 'lru-cache';
import type { LoadedTokenizer } from './load-tokenizer.js';
import type { CacheCounts } from './worker-messages.js';

/**
 * Encodes rendered conversations, remembering the ids of every text between two special tokens: the next turn of a
 * conversation encodes only its new messages. Ids are those of encoding the whole text at once, without the tokens a
 * post-processor adds. Not cached at all when the tokenizer looks across special tokens (see `LoadedTokenizer.boundaries`).
 */
export class ConversationEncoder {
  private readonly segments: LRUCache<string, Uint32Array> | null;
  private readonly separator: RegExp | null;
  private hitTokens = 0;
  private missTokens = 0;
  private evictedTokens = 0;

  /** @param cacheTokensMax ids kept over all segments; the least recently used go first. */
  constructor(
    private readonly loaded: LoadedTokenizer,
    cacheTokensMax: number,
  ) {
    const { boundaries } = loaded;
    this.separator = boundaries === null ? null : separatorOf([...boundaries.keys()]);
    this.segments =
      boundaries === null
        ? null
        : new LRUCache<string, Uint32Array>({
            maxSize: cacheTokensMax,
            sizeCalculation: (ids) => Math.max(1, ids.length),
            dispose: (ids, _text, reason) => {
              if (reason === 'evict') this.evictedTokens += ids.length;
            },
          });
  }

  encode(text: string): Uint32Array<ArrayBuffer> {
    const { boundaries } = this.loaded;
    if (this.separator === null || boundaries === null) return Uint32Array.from(this.encodeWhole(text));
    const parts: (number | Uint32Array)[] = [];
    let tokenCount = 0;
    // The separator has one group, so split() keeps the special tokens.
    for (const segment of text.split(this.separator)) {
      if (segment === '') continue;
      const part = boundaries.get(segment) ?? this.encodeSegment(segment);
      tokenCount += typeof part === 'number' ? 1 : part.length;
      parts.push(part);
    }
    return join(parts, tokenCount);
  }

  counts(): CacheCounts {
    return { hitTokens: this.hitTokens, missTokens: this.missTokens, evictedTokens: this.evictedTokens };
  }

  private encodeSegment(segment: string): Uint32Array {
    const known = this.segments?.get(segment);
    if (known !== undefined) {
      this.hitTokens += known.length;
      return known;
    }
    const ids = Uint32Array.from(this.encodeWhole(segment));
    this.missTokens += ids.length;
    this.segments?.set(segment, ids);
    return ids;
  }

  private encodeWhole(text: string): number[] {
    return this.loaded.tokenizer.encode(text, { add_special_tokens: false }).ids;
  }
}

function join(parts: readonly (number | Uint32Array)[], tokenCount: number): Uint32Array<ArrayBuffer> {
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

/** Alternatives are tried in order, so the longest of two tokens with one beginning comes first, as in the library. */
function separatorOf(tokens: readonly string[]): RegExp {
  const escaped = tokens
    .toSorted((a, b) => b.length - a.length)
    .map((token) => token.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`(${escaped.join('|')})`);
}
