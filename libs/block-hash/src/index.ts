export { BLOCK_SIZE_MAX } from './hash-run.js';
export type { HashWords } from './hash-words.js';
export { mediaContent, sortedContents } from './media.js';
export type { BlockMedia, MediaSpan } from './media.js';
export { DEFAULT_SEED, namespaceSeed } from './namespace-seed.js';
export type { CacheNamespace, NamespaceSeed } from './namespace-seed.js';
export { PromptBlocks } from './prompt-blocks.js';
export { sequenceHashes } from './sequence-hashes.js';
export { xxh3 } from './xxh3.js';
