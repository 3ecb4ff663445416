/**
 * Events as words: one head (`kind | blocks << 8`), for a stored run that has a parent the parent's two words, then two words per block.
 * The same form carries live events and the chains of a snapshot.
 */
import type { HashWords, KvEvent } from './kv-events.js';
import { copyWords, malformed, type Malformed } from './wire-words.js';

const ROOT = 1;
const STORED = 2;
const REMOVED = 3;
const CLEARED = 4;
/** Blocks of one event, what its head can count. */
export const EVENT_BLOCKS_MAX = 0xff_ffff;
/** Events of one message: far more than any publisher puts into one, and a bound on the objects that reading one makes. */
export const EVENTS_MAX = 65_536;
const WORDS_AT_FIRST = 256;

/**
 * Collects events as words, with no object per event or block. Hashes are copied, so the caller may reuse its arrays.
 * Amortised O(words). Memory: 8 bytes per block, doubling as it grows, kept for the next batch.
 */
export class KvEventWords {
  #words = new Uint32Array(WORDS_AT_FIRST);
  #wordCount = 0;
  #eventCount = 0;
  #blockCount = 0;
  /** Where the head of the newest event lies. */
  #lastHead = 0;

  get wordCount(): number {
    return this.#wordCount;
  }

  get eventCount(): number {
    return this.#eventCount;
  }

  /** Blocks named by all events. */
  get blockCount(): number {
    return this.#blockCount;
  }

  /** Appends a run of blocks, each the child of the one before; one that continues the newest event becomes part of it. */
  stored(parent: HashWords | null, hashes: HashWords): void {
    const blocks = checkedBlockCount(hashes);
    if (parent !== null && parent.length !== 2)
      throw new RangeError(`Cannot append a stored event: parent must be 2 words, received ${parent.length}`);
    if (parent !== null && this.#endsWith(parent, blocks)) this.#extend(hashes, blocks);
    else this.#append(parent === null ? ROOT : STORED, parent, hashes);
  }

  removed(hashes: HashWords): void {
    const blocks = checkedBlockCount(hashes);
    if (this.#lastKind() === REMOVED && this.#lastBlocks() + blocks <= EVENT_BLOCKS_MAX)
      this.#extend(hashes, blocks);
    else this.#append(REMOVED, null, hashes);
  }

  cleared(): void {
    this.#append(CLEARED, null, new Uint32Array(0));
  }

  /** Appends an event as it is, joined with nothing. */
  event(event: KvEvent): void {
    if (event.kind === 'cleared') this.#append(CLEARED, null, new Uint32Array(0));
    else if (event.kind === 'removed') this.#append(REMOVED, null, event.hashes);
    else this.#append(event.parent === null ? ROOT : STORED, event.parent, event.hashes);
  }

  /** Copies everything behind a message's header. */
  copyTo(target: Uint32Array, start: number): void {
    copyWords(this.#words, this.#wordCount, target, start);
  }

  /** Forgets all events. */
  reset(): void {
    this.#wordCount = 0;
    this.#eventCount = 0;
    this.#blockCount = 0;
  }

  #append(kind: number, parent: HashWords | null, hashes: HashWords): void {
    const blocks = kind === CLEARED ? 0 : checkedBlockCount(hashes);
    this.#reserve(3 + hashes.length);
    this.#lastHead = this.#wordCount;
    this.#words[this.#wordCount] = kind | (blocks << 8);
    this.#wordCount += 1;
    if (parent !== null) {
      copyWords(parent, 2, this.#words, this.#wordCount);
      this.#wordCount += 2;
    }
    copyWords(hashes, hashes.length, this.#words, this.#wordCount);
    this.#wordCount += hashes.length;
    this.#eventCount += 1;
    this.#blockCount += blocks;
  }

  #extend(hashes: HashWords, blocks: number): void {
    this.#reserve(hashes.length);
    copyWords(hashes, hashes.length, this.#words, this.#wordCount);
    this.#wordCount += hashes.length;
    this.#words[this.#lastHead] = this.#lastKind() | ((this.#lastBlocks() + blocks) << 8);
    this.#blockCount += blocks;
  }

  #endsWith(parent: HashWords, blocks: number): boolean {
    const kind = this.#lastKind();
    return (
      (kind === ROOT || kind === STORED) &&
      this.#lastBlocks() + blocks <= EVENT_BLOCKS_MAX &&
      this.#words[this.#wordCount - 2] === parent[0] &&
      this.#words[this.#wordCount - 1] === parent[1]
    );
  }

  #lastKind(): number {
    return this.#eventCount === 0 ? 0 : (this.#words[this.#lastHead] ?? 0) & 0xff;
  }

  #lastBlocks(): number {
    return (this.#words[this.#lastHead] ?? 0) >>> 8;
  }

  #reserve(more: number): void {
    const needed = this.#wordCount + more;
    if (needed <= this.#words.length) return;
    const grown = new Uint32Array(Math.max(needed, this.#words.length * 2));
    grown.set(this.#words.subarray(0, this.#wordCount));
    this.#words = grown;
  }
}

function checkedBlockCount(hashes: HashWords): number {
  const blocks = hashes.length / 2;
  if (!Number.isInteger(blocks) || blocks < 1 || blocks > EVENT_BLOCKS_MAX)
    throw new RangeError(
      `Cannot append an event: hashes must be 2 words per block, 1 to ${EVENT_BLOCKS_MAX} blocks, received ${hashes.length} words`,
    );
  return blocks;
}

/**
 * Reads exactly `eventCount` events from `start` to the end of the message. Hashes are views of `words`: nothing is copied per block.
 * Never reads past the end; a count that the words cannot hold is found before anything is allocated for it.
 */
export function readEvents(words: Uint32Array, start: number, eventCount: number): KvEvent[] | Malformed {
  if (eventCount > EVENTS_MAX) return malformed(`${eventCount} events are more than ${EVENTS_MAX}`);
  // Each event has at least its head.
  if (eventCount > words.length - start) return malformed(`${eventCount} events do not fit the message`);
  const events: KvEvent[] = [];
  let at = start;
  for (let index = 0; index < eventCount; index += 1) {
    if (at >= words.length) return malformed(`event ${index} begins behind the end`);
    const head = words[at] ?? 0;
    const kind = head & 0xff;
    const blocks = head >>> 8;
    const hashesStart = at + (kind === STORED ? 3 : 1);
    const end = hashesStart + blocks * 2;
    if (end > words.length) return malformed(`event ${index} of ${blocks} blocks ends behind the message`);
    if (kind < ROOT || kind > CLEARED) return malformed(`event ${index} has the unknown kind ${kind}`);
    if ((blocks === 0) !== (kind === CLEARED)) return malformed(`event ${index} has ${blocks} blocks`);
    events.push(readEvent(words, kind, hashesStart, end));
    at = end;
  }
  return at === words.length ? events : malformed(`${words.length - at} words follow the last event`);
}

function readEvent(words: Uint32Array, kind: number, hashesStart: number, end: number): KvEvent {
  if (kind === CLEARED) return { kind: 'cleared' };
  const hashes = words.subarray(hashesStart, end);
  if (kind === REMOVED) return { kind: 'removed', hashes };
  return {
    kind: 'stored',
    parent: kind === ROOT ? null : words.subarray(hashesStart - 2, hashesStart),
    hashes,
  };
}
