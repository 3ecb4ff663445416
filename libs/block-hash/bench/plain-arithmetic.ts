/**
 * The rival of the WebAssembly kernel: XXH3-64 (inputs of 241 to 1,024 bytes, which is block sizes 61 to 256) and its chain
 * in JavaScript, on 32-bit halves. Kept so that the choice of kernel can be measured again; nothing else uses it.
 */

/** Bits 32 to 63 of the last `multiply64` or `foldProduct`; a second return value without an object. */
let resultHi = 0;

function multiplyHi32(left: number, right: number): number {
  const leftLo = left & 0xffff;
  const leftHi = left >>> 16;
  const rightLo = right & 0xffff;
  const rightHi = right >>> 16;
  const cross = Math.imul(leftHi, rightLo) + (Math.imul(leftLo, rightLo) >>> 16);
  const other = Math.imul(leftLo, rightHi) + (cross & 0xffff);
  return (Math.imul(leftHi, rightHi) + (cross >>> 16) + (other >>> 16)) | 0;
}

/** Lower half; the upper half is in `resultHi`. */
function multiply64(leftLo: number, leftHi: number, rightLo: number, rightHi: number): number {
  resultHi = (multiplyHi32(leftLo, rightLo) + Math.imul(leftLo, rightHi) + Math.imul(leftHi, rightLo)) | 0;
  return Math.imul(leftLo, rightLo);
}

const carry = (sum: number, addend: number): number => (sum >>> 0 < addend >>> 0 ? 1 : 0);

/** The 128-bit product folded to 64 bits; the upper half is in `resultHi`. */
function foldProduct(leftLo: number, leftHi: number, rightLo: number, rightHi: number): number {
  const word0 = Math.imul(leftLo, rightLo);
  let word1 = multiplyHi32(leftLo, rightLo);
  let word2 = multiplyHi32(leftHi, rightLo);
  const crossLo = Math.imul(leftHi, rightLo);
  word1 = (word1 + crossLo) | 0;
  word2 = (word2 + carry(word1, crossLo)) | 0;
  const otherLo = Math.imul(leftLo, rightHi);
  word1 = (word1 + otherLo) | 0;
  const carried = carry(word1, otherLo);
  const otherHi = multiplyHi32(leftLo, rightHi) + carried;
  word2 = (word2 + otherHi) | 0;
  let word3 = multiplyHi32(leftHi, rightHi) + carry(word2, otherHi);
  const topLo = Math.imul(leftHi, rightHi);
  word2 = (word2 + topLo) | 0;
  word3 = (word3 + carry(word2, topLo)) | 0;
  resultHi = word1 ^ word3;
  return word0 ^ word2;
}

// prettier-ignore
const SECRET_HEX =
  'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c' +
  '3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364' +
  'eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e';
const secret = new DataView(Uint8Array.from(Buffer.from(SECRET_HEX, 'hex')).buffer);

/** The secret with seed 1337 in it, and its three readings that a block of 64 tokens needs. */
const seeded = new DataView(new ArrayBuffer(192));
for (let at = 0; at < 192; at += 16) {
  seeded.setBigUint64(at, secret.getBigUint64(at, true) + 1337n, true);
  seeded.setBigUint64(at + 8, secret.getBigUint64(at + 8, true) - 1337n, true);
}
const wordsAt = (offset: number, count: number): Int32Array =>
  Int32Array.from({ length: count }, (_, index) => seeded.getInt32(offset + index * 4, true));
const stripeSecret = wordsAt(0, 48);
const lastSecret = wordsAt(121, 16);
const mergeSecret = wordsAt(11, 16);
const flipLow = (secret.getBigUint64(24, true) ^ secret.getBigUint64(32, true)) + 1337n;
const flipHigh = (secret.getBigUint64(40, true) ^ secret.getBigUint64(48, true)) - 1337n;
const flips = new Int32Array(new BigUint64Array([flipLow, flipHigh]).buffer);
const startBigInts = new BigUint64Array([
  0xc2b2ae3dn,
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x85ebca77n,
  0x27d4eb2f165667c5n,
  0x9e3779b1n,
]);
const startWords = new Int32Array(startBigInts.buffer);
const sums = new Int32Array(16);

function addStripe(tokens: Uint32Array, at: number, key: Int32Array, keyAt: number): void {
  for (let lane = 0; lane < 16; lane += 2) {
    const dataLo = (tokens[at + lane] ?? 0) | 0;
    const dataHi = (tokens[at + lane + 1] ?? 0) | 0;
    const keyedLo = dataLo ^ (key[keyAt + lane] ?? 0);
    const keyedHi = dataHi ^ (key[keyAt + lane + 1] ?? 0);
    const neighbour = lane ^ 2;
    const neighbourLo = ((sums[neighbour] ?? 0) + dataLo) | 0;
    sums[neighbour + 1] = ((sums[neighbour + 1] ?? 0) + dataHi + carry(neighbourLo, dataLo)) | 0;
    sums[neighbour] = neighbourLo;
    const productLo = Math.imul(keyedLo, keyedHi);
    const laneLo = ((sums[lane] ?? 0) + productLo) | 0;
    sums[lane + 1] = ((sums[lane + 1] ?? 0) + multiplyHi32(keyedLo, keyedHi) + carry(laneLo, productLo)) | 0;
    sums[lane] = laneLo;
  }
}

function avalanche(lo: number, hi: number): number {
  const mixedLo = lo ^ (hi >>> 5);
  const product = multiply64(mixedLo, hi, 0x9e3779f9, 0x16566791);
  return product ^ resultHi;
}

/** Sequence hashes of complete blocks of 61 to 256 tokens with seed 1337, into `words`. */
export function plainSequenceHashes(tokens: Uint32Array, blockSize: number, words: Uint32Array): void {
  const blockCount = Math.floor(tokens.length / blockSize);
  const byteCount = blockSize * 4;
  const stripeCount = Math.floor((byteCount - 1) / 64);
  multiply64(byteCount, 0, 0x85ebca87, 0x9e3779b1);
  const startHi = resultHi;
  const startLo = Math.imul(byteCount, 0x85ebca87);
  let parentLo = 0;
  let parentHi = 0;
  for (let block = 0; block < blockCount; block += 1) {
    const at = block * blockSize;
    sums.set(startWords);
    for (let stripe = 0; stripe < stripeCount; stripe += 1) {
      addStripe(tokens, at + stripe * 16, stripeSecret, stripe * 2);
    }
    addStripe(tokens, at + blockSize - 16, lastSecret, 0);
    let lo = startLo;
    let hi = startHi;
    for (let lane = 0; lane < 16; lane += 4) {
      const foldLo = foldProduct(
        (sums[lane] ?? 0) ^ (mergeSecret[lane] ?? 0),
        (sums[lane + 1] ?? 0) ^ (mergeSecret[lane + 1] ?? 0),
        (sums[lane + 2] ?? 0) ^ (mergeSecret[lane + 2] ?? 0),
        (sums[lane + 3] ?? 0) ^ (mergeSecret[lane + 3] ?? 0),
      );
      lo = (lo + foldLo) | 0;
      hi = (hi + resultHi + carry(lo, foldLo)) | 0;
    }
    lo = avalanche(lo, hi);
    hi = resultHi;
    if (block > 0) {
      lo = chainStep(parentLo, parentHi, lo, hi);
      hi = resultHi;
    }
    parentLo = lo;
    parentHi = hi;
    words[block * 2] = lo;
    words[block * 2 + 1] = hi;
  }
}

function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

function chainStep(parentLo: number, parentHi: number, localLo: number, localHi: number): number {
  const lowLo = parentLo ^ (flips[0] ?? 0);
  const lowHi = parentHi ^ (flips[1] ?? 0);
  const highLo = localLo ^ (flips[2] ?? 0);
  const highHi = localHi ^ (flips[3] ?? 0);
  let lo = foldProduct(lowLo, lowHi, highLo, highHi);
  let hi = resultHi;
  const swappedLo = swapBytes(lowHi);
  lo = (lo + swappedLo) | 0;
  hi = (hi + swapBytes(lowLo) + carry(lo, swappedLo)) | 0;
  lo = (lo + highLo) | 0;
  hi = (hi + highHi + carry(lo, highLo)) | 0;
  lo = (lo + 16) | 0;
  hi = (hi + carry(lo, 16)) | 0;
  return avalanche(lo, hi);
}
