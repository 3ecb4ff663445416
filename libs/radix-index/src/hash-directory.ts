import { BLOCK_ID_BITS, mixHash } from './block-records.js';
import type { BlockRecords } from './block-records.js';

const ID_MASK = 2 ** BLOCK_ID_BITS - 1;
const SEGMENT_BITS = 10;
const SEGMENT_SLOTS = 1 << SEGMENT_BITS;
const SLOT_MASK = SEGMENT_SLOTS - 1;
/** Fullest a segment gets before it is split: 80 %. */
const SEGMENT_BLOCKS_MAX = Math.floor(SEGMENT_SLOTS * 0.8);
const CHUNK_SEGMENT_BITS = 6;
const CHUNK_SEGMENTS = 1 << CHUNK_SEGMENT_BITS;
/** Upper bits of a hash that can choose a segment; 2 ** 20 segments hold 500 million blocks. */
const DEPTH_MAX = 20;

const NO_CHUNK = new Int32Array(0);

/**
 * From 64-bit hash to block id: extendible hashing. The upper bits of the mixed hash choose a segment of 1,024 slots, the
 * lower bits a slot in it; linear probing, no tombstones (a removal moves back what follows). A slot is the id with 6 bits
 * of the hash above it, so that a probe reads the record of another block only once in 64.
 *
 * Growth splits one full segment: it moves 800 slots, never the whole table, and needs no second copy of it.
 */
export class HashDirectory {
  readonly #records: BlockRecords;
  /** Segments by number, 64 to a chunk. */
  readonly #chunks: Int32Array[] = [];
  /** Per segment: blocks in it, and how many upper bits its hashes share. */
  #counts = new Int32Array(CHUNK_SEGMENTS);
  #sharedBits = new Uint8Array(CHUNK_SEGMENTS);
  #segmentCount = 0;
  /** 2 ** depth segment numbers; one with fewer shared bits appears several times in a row. */
  #directory: Int32Array;
  #depth = 0;
  readonly #moving = new Int32Array(SEGMENT_SLOTS);

  constructor(records: BlockRecords) {
    this.#records = records;
    this.#directory = Int32Array.of(this.#addSegment(0));
  }

  get bytes(): number {
    return (
      this.#chunks.length * CHUNK_SEGMENTS * SEGMENT_SLOTS * 4 +
      this.#counts.byteLength +
      this.#sharedBits.byteLength +
      this.#directory.byteLength +
      this.#moving.byteLength
    );
  }

  /** Id of the block, or 0. O(1) expected. */
  find(lo: number, hi: number): number {
    const mixed = mixHash(lo, hi);
    const segment = this.#segmentOf(mixed);
    const slots = this.#chunkOf(segment);
    const first = firstSlotOf(segment);
    const tag = tagOf(mixed);
    for (let at = mixed & SLOT_MASK; ; at = (at + 1) & SLOT_MASK) {
      const slot = slots[first + at] ?? 0;
      if (slot === 0) return 0;
      if ((slot ^ tag) >>> BLOCK_ID_BITS === 0 && this.#records.isHash(slot & ID_MASK, lo, hi)) {
        return slot & ID_MASK;
      }
    }
  }

  /**
   * Makes room for one more block with this hash. False only when the hashes of 800 blocks share 20 bits after mixing: by
   * chance that does not happen, and hashes made so must not cost the others anything.
   */
  makeRoom(lo: number, hi: number): boolean {
    const mixed = mixHash(lo, hi);
    for (let segment = this.#segmentOf(mixed); this.#isFull(segment); segment = this.#segmentOf(mixed)) {
      if ((this.#sharedBits[segment] ?? 0) === DEPTH_MAX) return false;
      this.#split(segment, mixed);
    }
    return true;
  }

  /** Adds a block that `find` does not find and for which there is room. O(1) expected. */
  insert(lo: number, hi: number, id: number): void {
    const mixed = mixHash(lo, hi);
    this.#place(this.#segmentOf(mixed), mixed, tagOf(mixed) | id);
  }

  /** Takes the block out; it must be there. O(1) expected. */
  delete(id: number): void {
    const mixed = this.#records.mixOf(id);
    const segment = this.#segmentOf(mixed);
    const slots = this.#chunkOf(segment);
    const first = firstSlotOf(segment);
    let hole = mixed & SLOT_MASK;
    while (((slots[first + hole] ?? 0) & ID_MASK) !== id) hole = (hole + 1) & SLOT_MASK;
    for (let at = (hole + 1) & SLOT_MASK; ; at = (at + 1) & SLOT_MASK) {
      const slot = slots[first + at] ?? 0;
      if (slot === 0) break;
      const home = this.#records.mixOf(slot & ID_MASK) & SLOT_MASK;
      // It may move back only when the hole is not before its home.
      if (((at - home) & SLOT_MASK) >= ((at - hole) & SLOT_MASK)) {
        slots[first + hole] = slot;
        hole = at;
      }
    }
    slots[first + hole] = 0;
    this.#counts[segment] = (this.#counts[segment] ?? 0) - 1;
  }

  #segmentOf(mixed: number): number {
    return this.#directory[(mixed >>> 1) >>> (31 - this.#depth)] ?? 0;
  }

  #chunkOf(segment: number): Int32Array {
    return this.#chunks[segment >>> CHUNK_SEGMENT_BITS] ?? NO_CHUNK;
  }

  #isFull(segment: number): boolean {
    return (this.#counts[segment] ?? 0) >= SEGMENT_BLOCKS_MAX;
  }

  #place(segment: number, mixed: number, slot: number): void {
    const slots = this.#chunkOf(segment);
    const first = firstSlotOf(segment);
    let at = mixed & SLOT_MASK;
    while (slots[first + at] !== 0) at = (at + 1) & SLOT_MASK;
    slots[first + at] = slot;
    this.#counts[segment] = (this.#counts[segment] ?? 0) + 1;
  }

  #addSegment(sharedBits: number): number {
    const segment = this.#segmentCount++;
    if (segment % CHUNK_SEGMENTS === 0) this.#chunks.push(new Int32Array(CHUNK_SEGMENTS * SEGMENT_SLOTS));
    if (segment === this.#counts.length) {
      const counts = new Int32Array(segment * 2);
      counts.set(this.#counts);
      this.#counts = counts;
      const bits = new Uint8Array(segment * 2);
      bits.set(this.#sharedBits);
      this.#sharedBits = bits;
    }
    this.#sharedBits[segment] = sharedBits;
    return segment;
  }

  /** Moves the blocks whose first bit after the shared ones is 1 to a segment of their own. */
  #split(segment: number, mixed: number): void {
    const sharedBits = this.#sharedBits[segment] ?? 0;
    if (sharedBits === this.#depth) this.#doubleDirectory();
    const other = this.#addSegment(sharedBits + 1);
    this.#sharedBits[segment] = sharedBits + 1;
    this.#counts[segment] = 0;
    const first = firstSlotOf(segment);
    const slots = this.#chunkOf(segment);
    this.#moving.set(slots.subarray(first, first + SEGMENT_SLOTS));
    slots.fill(0, first, first + SEGMENT_SLOTS);
    for (const slot of this.#moving) {
      if (slot === 0) continue;
      const hash = this.#records.mixOf(slot & ID_MASK);
      this.#place((hash << sharedBits) >>> 31 === 0 ? segment : other, hash, slot);
    }
    // Of the directory entries with the shared bits, the upper half has the new bit set.
    const entries = 1 << (this.#depth - sharedBits);
    const start = ((mixed >>> 1) >>> (31 - this.#depth)) & ~(entries - 1);
    this.#directory.fill(other, start + entries / 2, start + entries);
  }

  #doubleDirectory(): void {
    const doubled = new Int32Array(this.#directory.length * 2);
    this.#directory.forEach((segment, index) => {
      doubled[index * 2] = segment;
      doubled[index * 2 + 1] = segment;
    });
    this.#directory = doubled;
    this.#depth += 1;
  }
}

function firstSlotOf(segment: number): number {
  return (segment & (CHUNK_SEGMENTS - 1)) << SEGMENT_BITS;
}

/** Bits between those that choose the slot and those that choose the segment. */
function tagOf(mixed: number): number {
  return (mixed >>> SEGMENT_BITS) << BLOCK_ID_BITS;
}
