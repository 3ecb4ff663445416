/**
 * XXH3-64 over memory, and over runs of blocks, as one WebAssembly module without a runtime: nothing is allocated, all
 * state is the fixed memory below. Written from the XXH3 specification (xxHash 0.8, Yann Collet); the names of the steps
 * are those of the specification. (AssemblyScript puts decorators on functions, which TypeScript's checker does not know: hence `@ts-ignore`.) 64-bit values cross the boundary as two u32 words, so that no BigInt is made.
 */

const PRIME32_1: u64 = 0x9e3779b1;
const PRIME32_2: u64 = 0x85ebca77;
const PRIME32_3: u64 = 0xc2b2ae3d;
const PRIME64_1: u64 = 0x9e3779b185ebca87;
const PRIME64_2: u64 = 0xc2b2ae3d27d4eb4f;
const PRIME64_3: u64 = 0x165667b19e3779f9;
const PRIME64_4: u64 = 0x85ebca77c2b2ae63;
const PRIME64_5: u64 = 0x27d4eb2f165667c5;
const PRIME_MX1: u64 = 0x165667919e3779f9;
const PRIME_MX2: u64 = 0x9fb21c651e98df25;

const SECRET_BYTES: i32 = 192;
const STRIPE_BYTES: usize = 64;
/** Stripes between two scrambles: (192 - 64) / 8. */
const STRIPES_PER_ROUND: usize = 16;
const ROUND_BYTES: usize = STRIPE_BYTES * STRIPES_PER_ROUND;

/** The default secret of the specification. */
const secret: usize = memory.data<u8>([
  0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c,
  0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f,
  0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21,
  0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c,
  0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3,
  0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8,
  0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d,
  0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64,
  0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
  0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e,
  0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce,
  0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
]);

/** The secret after the seed has entered it; used by inputs longer than 240 bytes. */
const seededSecret: usize = memory.data(SECRET_BYTES, 16);
/** Eight u64 accumulators of a long input. */
const accumulators: usize = memory.data(64, 16);

const INPUT_BYTES: i32 = 131_072;
const HASHES_BYTES: i32 = 32_768;
const inputArea: usize = memory.data(INPUT_BYTES, 16);
const localArea: usize = memory.data(HASHES_BYTES, 16);
const sequenceArea: usize = memory.data(HASHES_BYTES, 16);

/** Where the caller writes bytes, and how many fit. */
export function inputOffset(): usize {
  return inputArea;
}
export function inputBytes(): usize {
  return INPUT_BYTES;
}
/** Where hashes come out (u64, little-endian); `hashesBytes` limits the blocks of one call. */
export function localOffset(): usize {
  return localArea;
}
export function sequenceOffset(): usize {
  return sequenceArea;
}
export function hashesBytes(): usize {
  return HASHES_BYTES;
}

// @ts-ignore: decorator
@inline
function join(lo: u32, hi: u32): u64 {
  return (<u64>hi << 32) | <u64>lo;
}

// @ts-ignore: decorator
@inline
function key(offset: usize): u64 {
  return load<u64>(secret + offset);
}

/** The 128-bit product folded to 64 bits. */
// @ts-ignore: decorator
@inline
function multiplyFold(left: u64, right: u64): u64 {
  const leftLo = left & 0xffffffff;
  const leftHi = left >> 32;
  const rightLo = right & 0xffffffff;
  const rightHi = right >> 32;
  const lowLow = leftLo * rightLo;
  const cross = (lowLow >> 32) + leftHi * rightLo;
  const middle = (cross & 0xffffffff) + leftLo * rightHi;
  const upper = leftHi * rightHi + (cross >> 32) + (middle >> 32);
  // The lower half of the product is what plain multiplication keeps.
  return upper ^ (left * right);
}

// @ts-ignore: decorator
@inline
function avalanche(hash: u64): u64 {
  hash ^= hash >> 37;
  hash *= PRIME_MX1;
  return hash ^ (hash >> 32);
}

/** The closing mix of XXH64, which XXH3 uses for its shortest inputs. */
// @ts-ignore: decorator
@inline
function avalanche64(hash: u64): u64 {
  hash ^= hash >> 33;
  hash *= PRIME64_2;
  hash ^= hash >> 29;
  hash *= PRIME64_3;
  return hash ^ (hash >> 32);
}

// @ts-ignore: decorator
@inline
function mix16(input: usize, secretOffset: usize, seed: u64): u64 {
  return multiplyFold(
    load<u64>(input) ^ (key(secretOffset) + seed),
    load<u64>(input, 8) ^ (key(secretOffset + 8) - seed),
  );
}

function hash1to3(input: usize, length: usize, seed: u64): u64 {
  const first = <u32>load<u8>(input);
  const middle = <u32>load<u8>(input + (length >> 1));
  const last = <u32>load<u8>(input + length - 1);
  const combined = (first << 16) | (middle << 24) | last | (<u32>length << 8);
  const flip = <u64>(load<u32>(secret) ^ load<u32>(secret, 4)) + seed;
  return avalanche64(<u64>combined ^ flip);
}

function hash4to8(input: usize, length: usize, seed: u64): u64 {
  const mixedSeed = seed ^ (<u64>bswap<u32>(<u32>seed) << 32);
  const flip = (key(8) ^ key(16)) - mixedSeed;
  let hash = join(load<u32>(input + length - 4), load<u32>(input)) ^ flip;
  hash ^= rotl<u64>(hash, 49) ^ rotl<u64>(hash, 24);
  hash *= PRIME_MX2;
  hash ^= (hash >> 35) + <u64>length;
  hash *= PRIME_MX2;
  return hash ^ (hash >> 28);
}

/** 9 to 16 bytes from two words that may overlap; a chain step is this with 16 bytes. */
// @ts-ignore: decorator
@inline
function hashPair(first: u64, last: u64, length: u64, seed: u64): u64 {
  const low = first ^ ((key(24) ^ key(32)) + seed);
  const high = last ^ ((key(40) ^ key(48)) - seed);
  return avalanche(length + bswap<u64>(low) + high + multiplyFold(low, high));
}

function hash17to128(input: usize, length: usize, seed: u64): u64 {
  const end = input + length;
  let hash = <u64>length * PRIME64_1;
  if (length > 32) {
    if (length > 64) {
      if (length > 96) hash += mix16(input + 48, 96, seed) + mix16(end - 64, 112, seed);
      hash += mix16(input + 32, 64, seed) + mix16(end - 48, 80, seed);
    }
    hash += mix16(input + 16, 32, seed) + mix16(end - 32, 48, seed);
  }
  hash += mix16(input, 0, seed) + mix16(end - 16, 16, seed);
  return avalanche(hash);
}

function hash129to240(input: usize, length: usize, seed: u64): u64 {
  let hash = <u64>length * PRIME64_1;
  for (let at: usize = 0; at < 128; at += 16) hash += mix16(input + at, at, seed);
  hash = avalanche(hash);
  const whole = length & ~(<usize>15);
  // Offsets of the specification: the second half starts at 3 in the secret, the last 16 bytes use 136 - 17.
  for (let at: usize = 128; at < whole; at += 16) hash += mix16(input + at, at - 128 + 3, seed);
  hash += mix16(input + length - 16, 136 - 17, seed);
  return avalanche(hash);
}

function enterSeed(seed: u64): void {
  for (let at: usize = 0; at < <usize>SECRET_BYTES; at += 16) {
    store<u64>(seededSecret + at, key(at) + seed);
    store<u64>(seededSecret + at, key(at + 8) - seed, 8);
  }
}

function resetAccumulators(): void {
  store<u64>(accumulators, PRIME32_3);
  store<u64>(accumulators, PRIME64_1, 8);
  store<u64>(accumulators, PRIME64_2, 16);
  store<u64>(accumulators, PRIME64_3, 24);
  store<u64>(accumulators, PRIME64_4, 32);
  store<u64>(accumulators, PRIME32_2, 40);
  store<u64>(accumulators, PRIME64_5, 48);
  store<u64>(accumulators, PRIME32_1, 56);
}

/**
 * The products of 32 bytes of a stripe: each keyed u64 gives lower half times upper half. Two vectors share the two shuffles
 * that part the halves.
 */
// @ts-ignore: decorator
@inline
function lowerHalves(first: v128, second: v128): v128 {
  return i32x4.shuffle(first, second, 0, 2, 4, 6);
}
// @ts-ignore: decorator
@inline
function upperHalves(first: v128, second: v128): v128 {
  return i32x4.shuffle(first, second, 1, 3, 5, 7);
}

/** The data of a lane goes to its neighbour, the product stays. */
// @ts-ignore: decorator
@inline
function addLanes(sum: v128, data: v128, product: v128): v128 {
  return i64x2.add(i64x2.add(sum, i64x2.shuffle(data, data, 1, 0)), product);
}

/** accumulator = (accumulator ^ (accumulator >> 47) ^ secret) * PRIME32_1, on two lanes. */
// @ts-ignore: decorator
@inline
function scramble(sum: v128, secretAt: usize): v128 {
  const mixed = v128.xor(v128.xor(sum, i64x2.shr_u(sum, 47)), v128.load(secretAt));
  return i64x2.mul(mixed, i64x2.splat(PRIME32_1));
}

/**
 * Takes `rounds` rounds of 16 stripes with a scramble after each, then `stripesAfter` more, then the stripe at `lastStripe`
 * with its own secret, unless that is 0.
 */
function consume(input: usize, rounds: usize, stripesAfter: usize, lastStripe: usize): void {
  let sum0 = v128.load(accumulators);
  let sum1 = v128.load(accumulators, 16);
  let sum2 = v128.load(accumulators, 32);
  let sum3 = v128.load(accumulators, 48);
  let at = input;
  let secretAt = seededSecret;
  let roundsLeft = rounds;
  let stripesLeft = roundsLeft != 0 ? STRIPES_PER_ROUND : stripesAfter;
  let isLastPending = lastStripe != 0;
  while (true) {
    if (stripesLeft == 0) {
      if (roundsLeft != 0) {
        const scrambleAt = seededSecret + SECRET_BYTES - STRIPE_BYTES;
        sum0 = scramble(sum0, scrambleAt);
        sum1 = scramble(sum1, scrambleAt + 16);
        sum2 = scramble(sum2, scrambleAt + 32);
        sum3 = scramble(sum3, scrambleAt + 48);
        roundsLeft -= 1;
        stripesLeft = roundsLeft != 0 ? STRIPES_PER_ROUND : stripesAfter;
        secretAt = seededSecret;
        continue;
      }
      if (!isLastPending) break;
      isLastPending = false;
      at = lastStripe;
      secretAt = seededSecret + SECRET_BYTES - STRIPE_BYTES - 7;
      stripesLeft = 1;
    }
    const data0 = v128.load(at);
    const data1 = v128.load(at, 16);
    const data2 = v128.load(at, 32);
    const data3 = v128.load(at, 48);
    const keyed0 = v128.xor(data0, v128.load(secretAt));
    const keyed1 = v128.xor(data1, v128.load(secretAt, 16));
    const keyed2 = v128.xor(data2, v128.load(secretAt, 32));
    const keyed3 = v128.xor(data3, v128.load(secretAt, 48));
    const lower01 = lowerHalves(keyed0, keyed1);
    const upper01 = upperHalves(keyed0, keyed1);
    const lower23 = lowerHalves(keyed2, keyed3);
    const upper23 = upperHalves(keyed2, keyed3);
    sum0 = addLanes(sum0, data0, i64x2.extmul_low_i32x4_u(lower01, upper01));
    sum1 = addLanes(sum1, data1, i64x2.extmul_high_i32x4_u(lower01, upper01));
    sum2 = addLanes(sum2, data2, i64x2.extmul_low_i32x4_u(lower23, upper23));
    sum3 = addLanes(sum3, data3, i64x2.extmul_high_i32x4_u(lower23, upper23));
    at += STRIPE_BYTES;
    secretAt += 8;
    stripesLeft -= 1;
  }
  v128.store(accumulators, sum0);
  v128.store(accumulators, sum1, 16);
  v128.store(accumulators, sum2, 32);
  v128.store(accumulators, sum3, 48);
}

function mergeAccumulators(length: u64): u64 {
  let hash = length * PRIME64_1;
  for (let at: usize = 0; at < 64; at += 16) {
    hash += multiplyFold(
      load<u64>(accumulators + at) ^ load<u64>(seededSecret + at, 11),
      load<u64>(accumulators + at, 8) ^ load<u64>(seededSecret + at, 19),
    );
  }
  return avalanche(hash);
}

/** More than 240 bytes; `enterSeed` has been called with the seed. */
function hashLong(input: usize, length: usize): u64 {
  const rounds = (length - 1) / ROUND_BYTES;
  const stripesAfter = (length - 1 - rounds * ROUND_BYTES) / STRIPE_BYTES;
  resetAccumulators();
  consume(input, rounds, stripesAfter, input + length - STRIPE_BYTES);
  return mergeAccumulators(<u64>length);
}

/** Up to 240 bytes. */
function hashShort(input: usize, length: usize, seed: u64): u64 {
  if (length > 128) return hash129to240(input, length, seed);
  if (length > 16) return hash17to128(input, length, seed);
  if (length > 8) return hashPair(load<u64>(input), load<u64>(input + length - 8), <u64>length, seed);
  if (length > 3) return hash4to8(input, length, seed);
  if (length > 0) return hash1to3(input, length, seed);
  return avalanche64(seed ^ (key(56) ^ key(64)));
}

/** Hashes `length` bytes of the input area into the first slot of the local area. */
export function hashBytes(length: usize, seedLo: u32, seedHi: u32): void {
  const seed = join(seedLo, seedHi);
  if (length > 240) {
    enterSeed(seed);
    store<u64>(localArea, hashLong(inputArea, length));
  } else {
    store<u64>(localArea, hashShort(inputArea, length, seed));
  }
}

/** Starts an input that is longer than the input area. */
export function startLong(seedLo: u32, seedHi: u32): void {
  enterSeed(join(seedLo, seedHi));
  resetAccumulators();
}

/** Takes `rounds` KiB of the input area that are not the end of the input. */
export function continueLong(rounds: usize): void {
  consume(inputArea, rounds, 0, 0);
}

/**
 * Ends it. The input area holds the 64 bytes before the remainder, then the remainder of 1 to 1,024 bytes, because the
 * last stripe reaches back over what has been taken.
 */
export function finishLong(remainder: usize, lengthLo: u32, lengthHi: u32): void {
  const end = inputArea + STRIPE_BYTES + remainder;
  consume(inputArea + STRIPE_BYTES, 0, (remainder - 1) / STRIPE_BYTES, end - STRIPE_BYTES);
  store<u64>(localArea, mergeAccumulators(join(lengthLo, lengthHi)));
}

/**
 * Hashes `blockCount` blocks of `blockBytes` bytes from the input area: local hashes with the local seed, and sequence hashes
 * chained with the chain seed onto the parent, or rooted (the first block's sequence hash is its local hash) when `isRooted`.
 */
export function hashBlocks(
  blockCount: usize,
  blockBytes: usize,
  localSeedLo: u32,
  localSeedHi: u32,
  chainSeedLo: u32,
  isRooted: u32,
  parentLo: u32,
  parentHi: u32,
): void {
  const localSeed = join(localSeedLo, localSeedHi);
  const chainSeed = <u64>chainSeedLo;
  const isLong = blockBytes > 240;
  if (isLong) enterSeed(localSeed);
  let parent = join(parentLo, parentHi);
  let isFirst = isRooted != 0;
  for (let block: usize = 0; block < blockCount; block += 1) {
    const at = inputArea + block * blockBytes;
    const local = isLong ? hashLong(at, blockBytes) : hashShort(at, blockBytes, localSeed);
    parent = isFirst ? local : hashPair(parent, local, 16, chainSeed);
    isFirst = false;
    store<u64>(localArea + block * 8, local);
    store<u64>(sequenceArea + block * 8, parent);
  }
}
