import { namespaceSeed, sequenceHashes } from '@kvasir/block-hash';
import type { EngineHash, EngineKvEvent } from './decode/engine-kv-event.js';

/** Events that wait for a parent that was not told of; more are given up. */
export const ORPHAN_EVENTS_MAX = 1_024;

/** Told what a rank's cache holds, in the hashes that all routers know: interleaved low and high words. */
export interface KvRunSink {
  stored(parent: Uint32Array | null, hashes: Uint32Array): void;
  removed(hashes: Uint32Array): void;
  cleared(): void;
}

/** Events that were left out, by reason. */
export interface LedgerCounts {
  /** Not on the device. */
  otherTier: number;
  /** Of a layer group that does not decide what can be reused. */
  otherGroup: number;
  /** Blocks of another size than the rank's. */
  blockSize: number;
  /** More or fewer tokens than the blocks hold. */
  tokenCount: number;
  /** Blocks whose content is more than tokens. */
  mediaBlocks: number;
  orphanEvents: number;
  /** Orphans given up. */
  lostOrphans: number;
  unknownRemovals: number;
}

type Stored = Extract<EngineKvEvent, { kind: 'stored' }>;

interface Held {
  /** Words of the engine block's pool blocks; the last two are what a child chains on. */
  readonly words: Uint32Array;
  /** Copies in the engine: each store counts, each removal takes one. */
  copies: number;
  /** Engines name the salt at the beginning of a prompt only: what follows has the same. */
  readonly cacheSalt: string | null;
}

/**
 * Keeps one rank's cache by the engine's own hashes and tells what it holds by the pool's: engines name blocks in ways that no router can compute,
 * so every block is hashed anew from its tokens. A run whose parent was never told of waits for it and is never taken for a beginning.
 */
export class EngineKvLedger {
  readonly #blockSize: number;
  readonly #sink: KvRunSink;
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
    mediaBlocks: 0,
    orphanEvents: 0,
    lostOrphans: 0,
    unknownRemovals: 0,
  };

  /** @param blockSize tokens per block of the pool; the engine's must be a multiple of it. */
  constructor(blockSize: number, sink: KvRunSink) {
    this.#blockSize = blockSize;
    this.#sink = sink;
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
    this.#sink.cleared();
  }

  #store(event: Stored): void {
    if (!this.#concerns(event)) return;
    if (event.blockSize % this.#blockSize !== 0) {
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

  #take(event: Stored): void {
    const before = event.parent === null ? null : (this.#held.get(event.parent) ?? null);
    const cacheSalt = event.cacheSalt ?? before?.cacheSalt ?? null;
    const usable = event.mediaFrom ?? event.hashes.length;
    this.#counts.mediaBlocks += event.hashes.length - usable;
    const parent = before === null ? null : before.words.slice(-2);
    const words = sequenceHashes(
      event.tokens.subarray(0, usable * event.blockSize),
      this.#blockSize,
      seedOf(event.loraName, cacheSalt),
      parent,
    );
    const wordsPerBlock = (event.blockSize / this.#blockSize) * 2;
    let fresh: { parent: Uint32Array | null; from: number } | null = null;
    for (let block = 0; block < usable; block += 1) {
      const hash = event.hashes[block] ?? '';
      const from = block * wordsPerBlock;
      const held = this.#held.get(hash);
      if (held === undefined) {
        this.#held.set(hash, { words: words.slice(from, from + wordsPerBlock), copies: 1, cacheSalt });
        fresh ??= { parent: from === 0 ? parent : words.slice(from - 2, from), from };
        continue;
      }
      held.copies += 1;
      if (fresh !== null) this.#sink.stored(fresh.parent, words.slice(fresh.from, from));
      fresh = null;
    }
    if (fresh !== null) this.#sink.stored(fresh.parent, words.slice(fresh.from));
    for (const hash of event.hashes.slice(0, usable)) this.#adoptOrphans(hash);
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
      gone.push(...held.words);
    }
    if (gone.length > 0) this.#sink.removed(Uint32Array.from(gone));
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
      event.blockSize % this.#blockSize === 0
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

function seedOf(loraName: string | null, cacheSalt: string | null) {
  return namespaceSeed({
    ...(loraName === null ? {} : { loraName }),
    ...(cacheSalt === null ? {} : { cacheSalt }),
  });
}
