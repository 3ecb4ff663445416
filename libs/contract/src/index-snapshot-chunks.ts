import type { HashWords } from './kv-events.js';
import type { KvChain } from './kv-recovery-codec.js';
import { bytesOf, malformed, type Malformed } from './wire-words.js';

/** Words in front of the hashes of a chain: source, flags and block count, parent low, parent high. */
const CHAIN_HEADER_WORDS = 4;
const HAS_PARENT = 0x8000_0000;
const BLOCKS_MAX = 0x7fff_ffff;

/** One chain of one source, by its place in the manifest's list. */
export interface SourceChain {
  readonly sourceIndex: number;
  readonly chain: KvChain;
}

/**
 * Packs chains of many sources into chunks. A chain is 4 words (source, flags and count, parent) and its hashes; it never crosses a chunk's end, because a
 * chain of more blocks than a chunk has room for is cut in two.
 */
export class IndexSnapshotWriter {
  readonly #chunkWordsMax: number;
  readonly #chunks: Uint8Array[] = [];
  #words: Uint32Array;
  #used = 0;

  /** @param chunkBytesMax length of a full chunk, at least 24 bytes. */
  constructor(chunkBytesMax: number) {
    this.#chunkWordsMax = Math.floor(chunkBytesMax / 4);
    if (this.#chunkWordsMax < CHAIN_HEADER_WORDS + 2)
      throw new RangeError(`Cannot write a snapshot in chunks of ${chunkBytesMax} bytes: 24 are needed`);
    this.#words = new Uint32Array(this.#chunkWordsMax);
  }

  /** Hashes are copied. */
  append(sourceIndex: number, parent: HashWords | null, hashes: HashWords): void {
    let before = parent;
    for (let from = 0; from < hashes.length;) {
      if (this.#chunkWordsMax - this.#used < CHAIN_HEADER_WORDS + 2) this.#finishChunk();
      const room = (this.#chunkWordsMax - this.#used - CHAIN_HEADER_WORDS) & ~1;
      const to = Math.min(hashes.length, from + room);
      this.#words.set(
        [sourceIndex, ((before === null ? 0 : HAS_PARENT) | ((to - from) / 2)) >>> 0],
        this.#used,
      );
      if (before !== null) this.#words.set(before, this.#used + 2);
      this.#words.set(hashes.subarray(from, to), this.#used + CHAIN_HEADER_WORDS);
      this.#used += CHAIN_HEADER_WORDS + to - from;
      before = hashes.subarray(to - 2, to);
      from = to;
    }
  }

  /** All chunks, in order. The writer is not to be used after it. */
  finish(): readonly Uint8Array[] {
    if (this.#used > 0) this.#finishChunk();
    return this.#chunks;
  }

  #finishChunk(): void {
    this.#chunks.push(bytesOf(this.#words.subarray(0, this.#used)));
    this.#words = new Uint32Array(this.#chunkWordsMax);
    this.#used = 0;
  }
}

/** Reads one chunk. Never throws and never reads outside `bytes`; hashes are views of it when it lies on a 4-byte boundary, else of one copy. */
export function readIndexSnapshotChunk(
  bytes: Uint8Array,
  sourceCount: number,
): { readonly kind: 'chains'; readonly chains: readonly SourceChain[] } | Malformed {
  if (bytes.byteLength % 4 !== 0) return malformed(`has ${bytes.byteLength} bytes, no whole words`);
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  const chains: SourceChain[] = [];
  for (let at = 0; at < words.length;) {
    const [sourceIndex = 0, flags = 0] = words.subarray(at, at + 2);
    const end = at + CHAIN_HEADER_WORDS + (flags & BLOCKS_MAX) * 2;
    if (sourceIndex >= sourceCount) return malformed(`names source ${sourceIndex} of ${sourceCount}`);
    if ((flags & BLOCKS_MAX) === 0 || end > words.length)
      return malformed(`has a chain of ${flags & BLOCKS_MAX} blocks at word ${at} of ${words.length}`);
    const parent = flags >= HAS_PARENT ? words.subarray(at + 2, at + CHAIN_HEADER_WORDS) : null;
    chains.push({ sourceIndex, chain: { parent, hashes: words.subarray(at + CHAIN_HEADER_WORDS, end) } });
    at = end;
  }
  return { kind: 'chains', chains };
}
