export { SetDigest } from './digest.js';
export { RadixIndex } from './radix-index.js';
export type {
  PrefixQuery,
  RadixIndexOptions,
  RemovedOutcome,
  StoredChain,
  StoredOutcome,
  TargetDigest,
} from './types.js';
