import { BLOCK_ID_BITS, HI, LO } from './block-records.js';
import type { BlockRecords } from './block-records.js';

const ID_MASK = 2 ** BLOCK_ID_BITS - 1;
const SEGMENT_SLOTS_MIN = 64;
/** A full segment of this size splits in two instead of doubling: growth never touches more than it at a time. */
const SEGMENT_SLOTS_MAX = 4096;
/** At this depth segments double again, so that hashes made to collide cost time and nothing worse. */
const DEPTH_MAX = 16;
/** Fullest a segment gets: fifths of its slots. */
const FULL_FIFTHS = 4;
/** Words behind the slots of a segment: how many are taken, and how many upper bits its hashes share. */
const TRAILER_WORDS = 2;

const NO_SEGMENT = new Int32Array(SEGMENT_SLOTS_MIN + TRAILER_WORDS);

/** 32 well-spread bits, also when the hashes themselves are not (tests use small numbers). */
function mixHash(lo: number, hi: number): number {
  const mixed = Math.imul(lo ^ Math.imul(hi ^ (hi >>> 15), 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

/**
 * From 64-bit hash to block id: extendible hashing over open-addressed segments with linear probing and no tombstones
 * (a removal moves back what follows). A slot is the id with 6 bits of the hash above it, so that a probe reads the
 * record of another block only once in 64. Growth splits one segment of 4,096 slots at a time: no pause, no double memory.
 */
export class HashDirectory {
  readonly #records: BlockRecords;
  /** 2 ** depth entries; segments with fewer shared bits appear several times in a row. */
  #segments: Int32Array[];
  #depth = 0;
  #bytes: number;

  constructor(records: BlockRecords) {
    this.#records = records;
    const segment = newSegment(SEGMENT_SLOTS_MIN, 0);
    this.#segments = [segment];
    this.#bytes = segment.byteLength;
  }

  get bytes(): number {
    return this.#bytes + this.#segments.length * 8;
  }

  /** Id of the block, or 0. O(1) expected. */
  find(lo: number, hi: number): number {
    const mixed = mixHash(lo, hi);
    const segment = this.#segmentOf(mixed);
    const mask = segment.length - TRAILER_WORDS - 1;
    const tag = tagOf(mixed);
    for (let at = mixed & mask; ; at = (at + 1) & mask) {
      const slot = segment[at] ?? 0;
      if (slot === 0) return 0;
      if ((slot ^ tag) >>> BLOCK_ID_BITS === 0 && this.#records.isHash(slot & ID_MASK, lo, hi)) {
        return slot & ID_MASK;
      }
    }
  }

  /** Adds a block that `find` does not find. O(1) amortised; at worst one segment is split. */
  insert(lo: number, hi: number, id: number): void {
    const mixed = mixHash(lo, hi);
    let segment = this.#segmentOf(mixed);
    while (isFull(segment)) {
      this.#grow(segment, mixed);
      segment = this.#segmentOf(mixed);
    }
    place(segment, mixed, tagOf(mixed) | id);
  }

  /** Takes the block out; it must be there. O(1) expected. */
  delete(id: number): void {
    const mixed = this.#mixOf(id);
    const segment = this.#segmentOf(mixed);
    const slots = segment.length - TRAILER_WORDS;
    const mask = slots - 1;
    let hole = mixed & mask;
    while (((segment[hole] ?? 0) & ID_MASK) !== id) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const slot = segment[at] ?? 0;
      if (slot === 0) break;
      const home = this.#mixOf(slot & ID_MASK) & mask;
      // It may move back only when the hole is not before its home.
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        segment[hole] = slot;
        hole = at;
      }
    }
    segment[hole] = 0;
    segment[slots] = (segment[slots] ?? 0) - 1;
  }

  #segmentOf(mixed: number): Int32Array {
    return this.#segments[(mixed >>> 1) >>> (31 - this.#depth)] ?? NO_SEGMENT;
  }

  #mixOf(id: number): number {
    return mixHash(this.#records.get(id, LO), this.#records.get(id, HI));
  }

  #grow(segment: Int32Array, mixed: number): void {
    const slots = segment.length - TRAILER_WORDS;
    const sharedBits = segment[slots + 1] ?? 0;
    if (slots < SEGMENT_SLOTS_MAX || sharedBits >= DEPTH_MAX) {
      const larger = newSegment(slots * 2, sharedBits);
      this.#distribute(segment, larger, larger);
      this.#replace(mixed, sharedBits, larger, larger);
      return;
    }
    if (sharedBits === this.#depth) this.#doubleDirectory();
    const zeros = newSegment(slots, sharedBits + 1);
    const ones = newSegment(slots, sharedBits + 1);
    this.#distribute(segment, zeros, ones);
    this.#replace(mixed, sharedBits, zeros, ones);
  }

  #doubleDirectory(): void {
    const doubled: Int32Array[] = [];
    for (const segment of this.#segments) doubled.push(segment, segment);
    this.#segments = doubled;
    this.#depth += 1;
  }

  /** By the first bit that the hashes of `from` do not share. */
  #distribute(from: Int32Array, zeros: Int32Array, ones: Int32Array): void {
    const slots = from.length - TRAILER_WORDS;
    const sharedBits = from[slots + 1] ?? 0;
    for (let at = 0; at < slots; at += 1) {
      const slot = from[at] ?? 0;
      if (slot === 0) continue;
      const mixed = this.#mixOf(slot & ID_MASK);
      place((mixed << sharedBits) >>> 31 === 0 ? zeros : ones, mixed, slot);
    }
    this.#bytes += zeros.byteLength - from.byteLength + (zeros === ones ? 0 : ones.byteLength);
  }

  /** Puts the two halves where the segment with these shared bits was. */
  #replace(mixed: number, sharedBits: number, zeros: Int32Array, ones: Int32Array): void {
    const entries = 1 << (this.#depth - sharedBits);
    const first = ((mixed >>> 1) >>> (31 - this.#depth)) & ~(entries - 1);
    for (let entry = 0; entry < entries; entry += 1) {
      this.#segments[first + entry] = entry * 2 < entries ? zeros : ones;
    }
  }
}

function newSegment(slots: number, sharedBits: number): Int32Array {
  const segment = new Int32Array(slots + TRAILER_WORDS);
  segment[slots + 1] = sharedBits;
  return segment;
}

function isFull(segment: Int32Array): boolean {
  const slots = segment.length - TRAILER_WORDS;
  return ((segment[slots] ?? 0) + 1) * 5 > slots * FULL_FIFTHS;
}

/** Bits that neither the place in a segment nor (in the first 4,096 segments) the choice of segment uses. */
function tagOf(mixed: number): number {
  return (mixed >>> 14) << BLOCK_ID_BITS;
}

function place(segment: Int32Array, mixed: number, slot: number): void {
  const slots = segment.length - TRAILER_WORDS;
  const mask = slots - 1;
  let at = mixed & mask;
  while (segment[at] !== 0) at = (at + 1) & mask;
  segment[at] = slot;
  segment[slots] = (segment[slots] ?? 0) + 1;
}
