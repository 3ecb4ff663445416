import { RadixIndex } from '@kvasir/radix-index';

const CHAIN_BLOCKS = 2048;
const STORED_BLOCKS = 128;
const TARGET_COUNT = 1000;
/** One chain in four is held by four targets to half its length. */
const SHARED_EVERY = 4;

export interface LargeIndex {
  readonly index: RadixIndex;
  readonly targetCount: number;
  /** Hashes of chains of 2,048 held blocks, spread over the whole index. */
  readonly heldChains: readonly Uint32Array[];
  /** Longest that one stored event of 128 blocks took. */
  readonly storedMsMax: number;
}

/** An index of ten million distinct blocks (or another count) in chains of 2,048 on 1,000 targets. Takes seconds. */
export function buildTenMillionBlockIndex(blockCount = 10_000_000): LargeIndex {
  const index = new RadixIndex({ blockCountMax: blockCount });
  const heldChains: Uint32Array[] = [];
  const chainCount = Math.floor(blockCount / CHAIN_BLOCKS);
  const keepEvery = Math.max(1, Math.floor(chainCount / 400));
  let state = 12_345;
  let storedMsMax = 0;
  const words = new Uint32Array(CHAIN_BLOCKS * 2);
  for (let chain = 0; chain < chainCount; chain += 1) {
    for (let word = 0; word < words.length; word += 1) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[word] = state;
    }
    const target = chain % TARGET_COUNT;
    for (let block = 0; block < CHAIN_BLOCKS; block += STORED_BLOCKS) {
      const parent = block === 0 ? null : words.slice(block * 2 - 2, block * 2);
      const startMs = performance.now();
      index.applyStored(target, parent, words.subarray(block * 2, (block + STORED_BLOCKS) * 2));
      storedMsMax = Math.max(storedMsMax, performance.now() - startMs);
    }
    for (let other = 1; other < 4 && chain % SHARED_EVERY === 0; other += 1) {
      index.applyStored((target + other * 37) % TARGET_COUNT, null, words.subarray(0, CHAIN_BLOCKS));
    }
    if (chain % keepEvery === 0) heldChains.push(words.slice());
  }
  return { index, targetCount: TARGET_COUNT, heldChains, storedMsMax };
}
