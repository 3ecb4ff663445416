import { mediaContent, namespaceSeed, sequenceHashes, sortedContents } from '@kvasir/block-hash';
import type { BlockMedia, NamespaceSeed } from '@kvasir/block-hash';
import type { EngineHash } from './decode/engine-kv-event.js';

/** What an engine's block is in the pool's terms. */
export type BlockContent =
  /** What is in it, or in a block before it, cannot be named by a router. */
  | { readonly kind: 'opaque' }
  /** It is one or several blocks of the pool. */
  | { readonly kind: 'whole'; readonly words: Uint32Array }
  /** It is a part of one. */
  | BlockPart;

export interface BlockPart {
  readonly kind: 'part';
  /** The pool block before; null at a beginning. */
  readonly chain: Uint32Array | null;
  /** The parts of this pool block up to this one. */
  readonly members: readonly EngineHash[];
  /** Their tokens, and the media that they overlap; empty once the pool block is complete. */
  readonly tokens: Uint32Array;
  readonly media: readonly string[];
  /** The pool block that it completes; null for all parts but the last. */
  readonly words: Uint32Array | null;
}

export const OPAQUE = { kind: 'opaque' } as const;
const NO_TOKENS = new Uint32Array(0);

/** Where in the pool's blocks a run begins. */
export type RunPlace =
  | {
      readonly kind: 'known';
      /** The pool block before; null at a beginning. */
      readonly chain: Uint32Array | null;
      /** The part of a pool block that it goes on from; null where a pool block begins. */
      readonly open: BlockPart | null;
    }
  /** Behind what nobody can name. */
  | { readonly kind: 'opaque' };

/** Where a run begins that follows a block, or nothing. */
export function placeAfter(before: BlockContent | null): RunPlace {
  if (before === null) return { kind: 'known', chain: null, open: null };
  switch (before.kind) {
    case 'opaque':
      return before;
    case 'whole':
      return { kind: 'known', chain: before.words.slice(-2), open: null };
    case 'part':
      return before.words === null
        ? { kind: 'known', chain: before.chain, open: before }
        : { kind: 'known', chain: before.words, open: null };
  }
}

/** Whether blocks of a size can go on from a place: none may lie across two blocks of the pool. */
export function canFollow(place: RunPlace, blockSize: number, poolBlockSize: number): boolean {
  if (place.kind === 'opaque' || place.open === null) return true;
  return (poolBlockSize - place.open.tokens.length) % blockSize === 0;
}

/** The next part of a pool block. */
export function nextPart(
  hash: EngineHash,
  own: { readonly tokens: Uint32Array; readonly media: readonly string[] },
  { previous, chain, seed, blockSize }: PartPlace,
): BlockPart {
  const members = previous === null ? [hash] : [...previous.members, hash];
  const tokens = previous === null ? own.tokens.slice() : joined(previous.tokens, own.tokens);
  const media = previous === null ? own.media : [...previous.media, ...own.media];
  if (tokens.length < blockSize) return { kind: 'part', chain, members, tokens, media, words: null };
  const contents = media.length === 0 ? null : mediaContents(new Map([[0, media]]));
  const words = sequenceHashes(tokens, blockSize, seed, { parent: chain, media: contents });
  return { kind: 'part', chain, members, tokens: NO_TOKENS, media: [], words };
}

export interface PartPlace {
  /** The part before in the same pool block. */
  readonly previous: BlockPart | null;
  readonly chain: Uint32Array | null;
  readonly seed: NamespaceSeed;
  /** Of the pool. */
  readonly blockSize: number;
}

/** Whether a name stands for what it stood for before. What cannot be named is not compared. */
export function isSameContent(one: BlockContent, other: BlockContent): boolean {
  if (one.kind === 'opaque' || other.kind === 'opaque') return true;
  if (one.kind !== other.kind) return false;
  if (one.kind === 'whole' || other.kind === 'whole')
    return areEqual(one.words ?? NO_TOKENS, other.words ?? NO_TOKENS);
  if (one.words !== null && other.words !== null) return areEqual(one.words, other.words);
  return one.words === null && other.words === null && areEqual(one.tokens, other.tokens);
}

function areEqual(one: Uint32Array, other: Uint32Array): boolean {
  return one.length === other.length && one.every((word, index) => word === other[index]);
}

export function mediaContents(media: ReadonlyMap<number, readonly string[]>): BlockMedia | null {
  if (media.size === 0) return null;
  return new Map([...media].map(([block, items]) => [block, sortedContents(items.map(mediaContent))]));
}

export function seedOf(loraName: string | null, cacheSalt: string | null): NamespaceSeed {
  return namespaceSeed({
    ...(loraName === null ? {} : { loraName }),
    ...(cacheSalt === null ? {} : { cacheSalt }),
  });
}

function joined(one: Uint32Array, other: Uint32Array): Uint32Array {
  const both = new Uint32Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
