import type { HashWords } from './hash-words.js';
import { INPUT_BYTES, inputBytes, kernel, localWords } from './kernel.js';

/** Bytes between two scrambles of a long input. */
const ROUND_BYTES = 1024;
/** The last stripe of a long input reaches back over this many bytes. */
const STRIPE_BYTES = 64;

/**
 * XXH3-64 of any number of bytes with any 64-bit seed, as xxHash 0.8 defines it.
 * Memory is bounded: an input longer than the kernel's input area goes through it in slices.
 */
export function xxh3(bytes: Uint8Array, seed: HashWords): HashWords {
  if (bytes.length <= INPUT_BYTES) {
    inputBytes.set(bytes);
    kernel.hashBytes(bytes.length, seed.lo, seed.hi);
  } else {
    hashSlices(bytes, seed);
  }
  return { lo: localWords[0] ?? 0, hi: localWords[1] ?? 0 };
}

function hashSlices(bytes: Uint8Array, seed: HashWords): void {
  kernel.startLong(seed.lo, seed.hi);
  // The end is never taken by a whole round, even when it would fill one: its last stripe is keyed differently.
  const roundCount = Math.floor((bytes.length - 1) / ROUND_BYTES);
  const roundsPerSlice = INPUT_BYTES / ROUND_BYTES;
  for (let round = 0; round < roundCount; round += roundsPerSlice) {
    const rounds = Math.min(roundsPerSlice, roundCount - round);
    inputBytes.set(bytes.subarray(round * ROUND_BYTES, (round + rounds) * ROUND_BYTES));
    kernel.continueLong(rounds);
  }
  inputBytes.set(bytes.subarray(roundCount * ROUND_BYTES - STRIPE_BYTES));
  const remainder = bytes.length - roundCount * ROUND_BYTES;
  kernel.finishLong(remainder, bytes.length >>> 0, Math.floor(bytes.length / 0x1_0000_0000));
}
