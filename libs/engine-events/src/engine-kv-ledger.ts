import { mediaContent, namespaceSeed, sequenceHashes, sortedContents } from '@kvasir/block-hash';
import type { BlockMedia, NamespaceSeed } from '@kvasir/block-hash';
import { BlockJoins } from './block-joins.js';
import type { EngineHash, EngineKvEvent } from './decode/engine-kv-event.js';
import { PoolBlocks } from './pool-blocks.js';
import type { KvRunSink } from './pool-blocks.js';

/** Events that wait for a parent that was not told of; more are given up. */
export const ORPHAN_EVENTS_MAX = 1_024;
/** Media items of one block; with more its content counts as one that nobody can name. */
export const BLOCK_MEDIA_MAX = 256;

/** Events that were left out, by reason. */
export interface LedgerCounts {
  /** Not on the device. */
  otherTier: number;
  /** Of a layer group that does not decide what can be reused. */
  otherGroup: number;
  /** Of a size that does not go into the pool's nor the pool's into it, or of another size than the block before. */
  blockSize: number;
  /** More or fewer tokens than the blocks hold. */
  tokenCount: number;
  /** Blocks whose content nobody else can name, and those that follow one. */
  opaqueBlocks: number;
  orphanEvents: number;
  /** Orphans given up. */
  lostOrphans: number;
  unknownRemovals: number;
}

type Stored = Extract<EngineKvEvent, { kind: 'stored' }>;

/** One block as the engine has it. */
interface Held {
  /** Copies in the engine: each store counts, each removal takes one. */
  copies: number;
  /** Engines name the salt at the beginning of a prompt only: what follows has the same. */
  readonly cacheSalt: string | null;
  /** Tokens per block of the engine. */
  readonly blockSize: number;
  readonly content:
    /** What is in it, or in a block before it, cannot be named by a router. */
    | { readonly kind: 'opaque' }
    /** It is one or several blocks of the pool. */
    | { readonly kind: 'whole'; readonly words: Uint32Array }
    /** It is a part of one. */
    | BlockPart;
}

interface BlockPart {
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

/**
 * Keeps one rank's cache by the engine's own hashes and tells what it holds by the pool's: engines name blocks in ways that no router can compute,
 * so every block is hashed anew from its tokens. A run whose parent was never told of waits for it and is never taken for a beginning.
 */
export class EngineKvLedger {
  readonly #blockSize: number;
  readonly #blocks: PoolBlocks;
  readonly #joins: BlockJoins;
  readonly #held = new Map<EngineHash, Held>();
  /** By the parent they wait for. */
  readonly #orphans = new Map<EngineHash, Stored[]>();
  /** Orphans' blocks that were removed before their parent came. */
  readonly #removedOrphans = new Set<EngineHash>();
  readonly #orphanHashes = new Set<EngineHash>();
  #orphanCount = 0;
  /** The layer group that counts: the first one that stores blocks of the rank's size. */
  #group: number | null | undefined = undefined;
  readonly #counts: LedgerCounts = {
    otherTier: 0,
    otherGroup: 0,
    blockSize: 0,
    tokenCount: 0,
    opaqueBlocks: 0,
    orphanEvents: 0,
    lostOrphans: 0,
    unknownRemovals: 0,
  };

  /** @param blockSize tokens per block of the pool; the engine's must be a multiple of it or go into it a whole number of times. */
  constructor(blockSize: number, sink: KvRunSink) {
    this.#blockSize = blockSize;
    this.#blocks = new PoolBlocks(sink);
    this.#joins = new BlockJoins(this.#blocks);
  }

  /** Engine blocks that are held. */
  get heldBlocks(): number {
    return this.#held.size;
  }

  counts(): Readonly<LedgerCounts> {
    return this.#counts;
  }

  apply(event: EngineKvEvent): void {
    switch (event.kind) {
      case 'stored':
        this.#store(event);
        return;
      case 'removed':
        this.#remove(event);
        return;
      case 'cleared':
        this.clear();
    }
  }

  /** Forgets everything, e.g. because the engine has begun anew. */
  clear(): void {
    this.#held.clear();
    this.#orphans.clear();
    this.#removedOrphans.clear();
    this.#orphanHashes.clear();
    this.#orphanCount = 0;
    this.#group = undefined;
    this.#joins.clear();
    this.#blocks.clear();
  }

  #store(event: Stored): void {
    if (!this.#concerns(event)) return;
    if (!this.#fits(event.blockSize)) {
      this.#counts.blockSize += 1;
      return;
    }
    if (event.tokens.length !== event.hashes.length * event.blockSize) {
      this.#counts.tokenCount += 1;
      return;
    }
    if (event.parent !== null && !this.#held.has(event.parent)) {
      this.#keepOrphan(event, event.parent);
      return;
    }
    this.#take(event);
  }

  #fits(engineBlockSize: number): boolean {
    return engineBlockSize % this.#blockSize === 0 || this.#blockSize % engineBlockSize === 0;
  }

  #take(event: Stored): void {
    const before = event.parent === null ? null : (this.#held.get(event.parent) ?? null);
    if (before !== null && before.blockSize !== event.blockSize) {
      this.#counts.blockSize += 1;
      return;
    }
    const cacheSalt = event.cacheSalt ?? before?.cacheSalt ?? null;
    const usable = before?.content.kind === 'opaque' ? 0 : this.#usableBlocks(event);
    if (event.blockSize >= this.#blockSize) this.#takeWhole(event, { before, cacheSalt, usable });
    else this.#takeParts(event, { before, cacheSalt, usable });
    this.#counts.opaqueBlocks += event.hashes.length - usable;
    for (const hash of event.hashes.slice(usable))
      this.#count(hash, { copies: 1, cacheSalt, blockSize: event.blockSize, content: OPAQUE });
    for (const hash of event.hashes) this.#adoptOrphans(hash);
  }

  /** Blocks of a run before the first whose content cannot be named. */
  #usableBlocks({ hashes, media, opaqueFrom, blockSize }: Stored): number {
    let usable = opaqueFrom ?? hashes.length;
    for (const [block, items] of media) if (items.length > BLOCK_MEDIA_MAX) usable = Math.min(usable, block);
    // Of a larger block of the engine nobody says which of the pool's blocks in it a media item overlaps.
    return blockSize > this.#blockSize ? Math.min(usable, ...media.keys()) : usable;
  }

  /** Engine blocks of one pool block or several. */
  #takeWhole({ hashes, tokens, media, blockSize, loraName }: Stored, place: Place): void {
    const { before, cacheSalt, usable } = place;
    const parent = before?.content.kind === 'whole' ? before.content.words.slice(-2) : null;
    const words = sequenceHashes(
      tokens.subarray(0, usable * blockSize),
      this.#blockSize,
      seedOf(loraName, cacheSalt),
      // Of larger blocks those before the first with media are usable.
      { parent, media: blockSize === this.#blockSize ? contentsOf(media) : null },
    );
    const wordsPerBlock = (blockSize / this.#blockSize) * 2;
    // Blocks that are new lie in runs: each is told as one.
    let from = -1;
    const tell = (to: number): void => {
      if (from >= 0)
        this.#blocks.hold(from === 0 ? parent : words.slice(from - 2, from), words.slice(from, to));
      from = -1;
    };
    for (let block = 0; block < usable; block += 1) {
      const at = block * wordsPerBlock;
      const content = { kind: 'whole', words: words.slice(at, at + wordsPerBlock) } as const;
      const isNew = this.#count(hashes[block] ?? '', { copies: 1, cacheSalt, blockSize, content });
      if (!isNew) tell(at);
      else if (from < 0) from = at;
    }
    tell(words.length);
  }

  /** Engine blocks of which several make one pool block. */
  #takeParts({ hashes, tokens, media, blockSize, loraName }: Stored, place: Place): void {
    const { before, cacheSalt, usable } = place;
    const seed = seedOf(loraName, cacheSalt);
    let previous = before?.content.kind === 'part' ? before.content : null;
    for (let block = 0; block < usable; block += 1) {
      const hash = hashes[block] ?? '';
      const own = tokens.subarray(block * blockSize, (block + 1) * blockSize);
      const known = this.#held.get(hash)?.content;
      const part: BlockPart =
        known?.kind === 'part'
          ? known
          : this.#part(hash, { tokens: own, media: media.get(block) ?? [] }, { previous, seed });
      if (this.#count(hash, { copies: 1, cacheSalt, blockSize, content: part })) {
        this.#joins.came(hash);
        const { members, chain, words } = part;
        const missing = members.filter((member) => !this.#held.has(member)).length;
        if (words !== null) this.#joins.join(members, { parent: chain, words }, missing);
      }
      previous = part;
    }
  }

  #part(
    hash: EngineHash,
    own: Pick<BlockPart, 'tokens' | 'media'>,
    { previous, seed }: { readonly previous: BlockPart | null; readonly seed: NamespaceSeed },
  ): BlockPart {
    const isFirst = previous === null || previous.words !== null;
    const chain = isFirst ? (previous?.words ?? null) : previous.chain;
    const members = isFirst ? [hash] : [...previous.members, hash];
    const tokens = isFirst ? own.tokens.slice() : joined(previous.tokens, own.tokens);
    const media = isFirst ? own.media : [...previous.media, ...own.media];
    if (tokens.length < this.#blockSize) return { kind: 'part', chain, members, tokens, media, words: null };
    const contents = media.length === 0 ? null : contentsOf(new Map([[0, media]]));
    const words = sequenceHashes(tokens, this.#blockSize, seed, { parent: chain, media: contents });
    return { kind: 'part', chain, members, tokens: NO_TOKENS, media: [], words };
  }

  /** Counts a copy. @returns true for a block that the engine did not hold. */
  #count(hash: EngineHash, held: Held): boolean {
    const known = this.#held.get(hash);
    if (known === undefined) this.#held.set(hash, held);
    else known.copies += 1;
    return known === undefined;
  }

  #remove(event: Extract<EngineKvEvent, { kind: 'removed' }>): void {
    if (!this.#concerns(event)) return;
    const gone: number[] = [];
    for (const [index, hash] of event.hashes.entries()) {
      const held = this.#held.get(hash);
      if (held === undefined) {
        this.#removeUnknown(hash);
        continue;
      }
      held.copies = event.copiesLeft?.[index] ?? held.copies - 1;
      if (held.copies > 0) continue;
      this.#held.delete(hash);
      if (held.content.kind === 'whole') gone.push(...held.content.words);
      else if (held.content.kind === 'part') this.#joins.went(hash);
    }
    if (gone.length > 0) this.#blocks.release(Uint32Array.from(gone));
  }

  #removeUnknown(hash: EngineHash): void {
    this.#counts.unknownRemovals += 1;
    if (this.#orphanHashes.has(hash)) this.#removedOrphans.add(hash);
  }

  #keepOrphan(event: Stored, parent: EngineHash): void {
    this.#counts.orphanEvents += 1;
    if (this.#orphanCount >= ORPHAN_EVENTS_MAX) {
      this.#counts.lostOrphans += 1;
      return;
    }
    this.#orphanCount += 1;
    for (const hash of event.hashes) this.#orphanHashes.add(hash);
    const waiting = this.#orphans.get(parent);
    if (waiting === undefined) this.#orphans.set(parent, [event]);
    else waiting.push(event);
  }

  #adoptOrphans(parent: EngineHash): void {
    const waiting = this.#orphans.get(parent);
    if (waiting === undefined) return;
    this.#orphans.delete(parent);
    this.#orphanCount -= waiting.length;
    for (const event of waiting) {
      this.#take(event);
      for (const hash of event.hashes) this.#orphanHashes.delete(hash);
      const removed = event.hashes.filter((hash) => this.#removedOrphans.delete(hash));
      if (removed.length > 0)
        this.#remove({
          kind: 'removed',
          hashes: removed,
          copiesLeft: null,
          tier: event.tier,
          group: event.group,
        });
    }
  }

  #concerns({ tier, group, ...event }: Stored | Extract<EngineKvEvent, { kind: 'removed' }>): boolean {
    if (tier !== 'device') {
      this.#counts.otherTier += 1;
      return false;
    }
    if (
      this.#group === undefined &&
      event.kind === 'stored' &&
      event.isFullAttention &&
      this.#fits(event.blockSize)
    )
      this.#group = group;
    if (event.kind === 'stored' && !event.isFullAttention) {
      this.#counts.otherGroup += 1;
      return false;
    }
    if (group === null || this.#group === undefined || group === this.#group) return true;
    this.#counts.otherGroup += 1;
    return false;
  }
}

/** Where a run begins. */
interface Place {
  /** The block before the run; null at a beginning. */
  readonly before: Held | null;
  readonly cacheSalt: string | null;
  /** Blocks of the run before the first that cannot be named. */
  readonly usable: number;
}

const OPAQUE = { kind: 'opaque' } as const;
const NO_TOKENS = new Uint32Array(0);

function contentsOf(media: ReadonlyMap<number, readonly string[]>): BlockMedia | null {
  if (media.size === 0) return null;
  return new Map([...media].map(([block, items]) => [block, sortedContents(items.map(mediaContent))]));
}

function joined(one: Uint32Array, other: Uint32Array): Uint32Array {
  const both = new Uint32Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

function seedOf(loraName: string | null, cacheSalt: string | null) {
  return namespaceSeed({
    ...(loraName === null ? {} : { loraName }),
    ...(cacheSalt === null ? {} : { cacheSalt }),
  });
}
