import { STAMP } from './set-layout.js';

const ENTRIES = 4096;
const ENTRY_WORDS = 5;
const FROM = 0;
const FROM_STAMP = 1;
const CHANGE = 2;
const TO = 3;
const TO_STAMP = 4;

/**
 * Remembers what a set became when a target joined (`target`) or left (`~target`): a stored event gives the same change to
 * every block of a run. A direct-mapped table that forgets on collision. An entry counts only while both sets still are
 * what they were, which their stamps tell.
 */
export class SetTransitions {
  readonly #entries = new Int32Array(ENTRIES * ENTRY_WORDS);

  get bytes(): number {
    return this.#entries.byteLength;
  }

  find(from: number, change: number, pool: Int32Array): number | null {
    const entries = this.#entries;
    const at = placeOf(from, change);
    if (entries[at + FROM] !== from || entries[at + CHANGE] !== change) return null;
    const to = entries[at + TO] ?? 0;
    if (entries[at + FROM_STAMP] !== stampOf(from, pool)) return null;
    return entries[at + TO_STAMP] === stampOf(to, pool) ? to : null;
  }

  remember(from: number, change: number, to: number, pool: Int32Array): void {
    const entries = this.#entries;
    const at = placeOf(from, change);
    entries[at + FROM] = from;
    entries[at + FROM_STAMP] = stampOf(from, pool);
    entries[at + CHANGE] = change;
    entries[at + TO] = to;
    entries[at + TO_STAMP] = stampOf(to, pool);
  }
}

function placeOf(from: number, change: number): number {
  const mixed = Math.imul(from ^ Math.imul(change, 0x9e3779b1), 0x85ebca6b);
  return (mixed >>> 20) * ENTRY_WORDS;
}

/** Sets of one target and the empty set never change their meaning. */
function stampOf(set: number, pool: Int32Array): number {
  return set > 0 ? (pool[set + STAMP] ?? 0) : 0;
}
