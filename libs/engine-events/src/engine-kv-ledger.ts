import { CopyCounter } from './copy-rule.js';
import type { CopyRule } from './copy-rule.js';
import type { EngineHash, EngineKvEvent } from './decode/engine-kv-event.js';
import { HeldBlocks } from './held-blocks.js';
import { MainGroup } from './main-group.js';
import { OrphanRuns } from './orphan-runs.js';
import type { KvRunSink } from './pool-blocks.js';
import type { CopyQuestions } from './run-taker.js';

/** Blocks of an engine that does not say how many it has. */
export const ENGINE_BLOCKS_MAX = 4_194_304;

/** Events that were left out, by reason. */
export interface LedgerCounts {
  /** Not on the device. */
  otherTier: number;
  /** Of a layer group that does not decide what can be reused. */
  otherGroup: number;
  /** Without a group from an engine that has some. */
  ungrouped: number;
  /** What was known was of another group than the one that decides. */
  groupChanges: number;
  /** Of a size that does not go into the pool's nor the pool's into it, or that lies across the pool's blocks behind those before. */
  blockSize: number;
  /** More or fewer tokens than the blocks hold. */
  tokenCount: number;
  /** Blocks whose content nobody else can name, and those that follow one. */
  opaqueBlocks: number;
  /** Blocks that were told of again without being there once more. */
  repeatedBlocks: number;
  /** Blocks whose name stood for something else before. */
  renamedBlocks: number;
  /** Blocks that were taken for gone, of which a copy may be left. */
  doubtedBlocks: number;
  orphanEvents: number;
  /** Orphans given up for others. */
  lostOrphans: number;
  /** Orphans whose parent did not come in time. */
  expiredOrphans: number;
  unknownRemovals: number;
  /** More was held than the engine has: everything was forgotten. */
  overfull: number;
  /** More was held than the engine says that it has, and nothing had ever gone: it has more. */
  refutedSizes: number;
}

export interface LedgerOptions {
  /** What the engine's events mean for blocks that are held. */
  readonly copies: CopyRule;
  /** Blocks that the engine has; null when it does not say. */
  readonly blocksMax: number | null;
  /** Its copies turned out to be none: what it has told should be read anew, if it keeps it. */
  readonly mustReadAnew?: () => void;
}

type Stored = Extract<EngineKvEvent, { kind: 'stored' }>;
type Removed = Extract<EngineKvEvent, { kind: 'removed' }>;

/**
 * Keeps one rank's cache by the engine's own hashes and tells what it holds by the pool's: engines name blocks in ways that no router can compute,
 * so every block is hashed anew from its tokens. A run whose parent was never told of waits for it and is never taken for a beginning.
 */
export class EngineKvLedger {
  readonly #blockSize: number;
  readonly #options: LedgerOptions;
  readonly #held: HeldBlocks;
  readonly #orphans = new OrphanRuns();
  readonly #group: MainGroup;
  readonly #copies: CopyCounter;
  /** Tokens of the engine's largest blocks. */
  #engineBlockSize = 0;
  /** Null when the engine does not say, or was seen to hold more. */
  #blocksMax: number | null;
  #hasRemoved = false;
  readonly #counts: LedgerCounts = {
    otherTier: 0,
    otherGroup: 0,
    ungrouped: 0,
    groupChanges: 0,
    blockSize: 0,
    tokenCount: 0,
    opaqueBlocks: 0,
    repeatedBlocks: 0,
    renamedBlocks: 0,
    doubtedBlocks: 0,
    orphanEvents: 0,
    lostOrphans: 0,
    expiredOrphans: 0,
    unknownRemovals: 0,
    overfull: 0,
    refutedSizes: 0,
  };

  /** @param blockSize tokens per block of the pool; the engine's must be a multiple of it or go into it a whole number of times. */
  constructor(blockSize: number, sink: KvRunSink, options: LedgerOptions = DEFAULT_OPTIONS) {
    this.#blockSize = blockSize;
    this.#options = options;
    this.#held = new HeldBlocks(blockSize, sink);
    this.#group = new MainGroup(blockSize);
    this.#copies = new CopyCounter(options.copies);
    this.#blocksMax = options.blocksMax;
  }

  /** Engine blocks that are held. */
  get heldBlocks(): number {
    return this.#held.size;
  }

  counts(): Readonly<LedgerCounts> {
    return this.#counts;
  }

  apply(event: EngineKvEvent, nowMs: number): void {
    this.#counts.expiredOrphans += this.#orphans.expire(nowMs);
    switch (event.kind) {
      case 'stored':
        this.#store(event, nowMs);
        return;
      case 'removed':
        this.#remove(event);
        return;
      case 'cleared':
        this.clear();
    }
  }

  /** Forgets what is held, e.g. because events were lost. What the engine's events mean stays known. */
  clear(): void {
    this.#orphans.clear();
    this.#copies.clear();
    this.#held.clear();
  }

  #store(event: Stored, nowMs: number): void {
    if (!this.#isUsable(event)) return;
    if (event.parent === null || this.#held.get(event.parent) !== undefined) {
      this.#take(event);
      this.#checkSize();
      return;
    }
    this.#counts.orphanEvents += 1;
    this.#counts.lostOrphans += this.#orphans.add(event, event.parent, nowMs);
  }

  #isUsable(event: Stored): boolean {
    if (!this.#isOfDevice(event) || !this.#isOfMainGroup(event)) return false;
    const { blockSize } = event;
    if (blockSize % this.#blockSize !== 0 && this.#blockSize % blockSize !== 0) {
      this.#counts.blockSize += 1;
      return false;
    }
    if (event.tokens.length === event.hashes.length * blockSize) return true;
    this.#counts.tokenCount += 1;
    return false;
  }

  #isOfDevice({ tier }: Stored | Removed): boolean {
    if (tier !== 'device') this.#counts.otherTier += 1;
    return tier === 'device';
  }

  #isOfMainGroup(event: Stored): boolean {
    switch (this.#group.judge(event)) {
      case 'main':
        return true;
      case 'better':
        this.#counts.groupChanges += 1;
        this.clear();
        return true;
      case 'other':
        this.#counts.otherGroup += 1;
        return false;
      case 'ungrouped':
        this.#counts.ungrouped += 1;
        return false;
    }
  }

  /**
   * Takes a run whose parent is held, and those that have waited for its blocks. A report of what was found in the cache tells of what has waited too, so
   * that is no further copy then.
   */
  #take(event: Stored, mayBeCopy = true): void {
    const isCopy = mayBeCopy && this.#copies.isCopy(event.origin, event.parent === null);
    const questions: CopyQuestions = { isCopy, ofNew: (hash) => this.#copies.ofStored(hash, isCopy) };
    const run = this.#held.store(event, questions);
    if (!run.isAligned) this.#counts.blockSize += 1;
    this.#counts.opaqueBlocks += run.opaqueBlocks;
    this.#counts.repeatedBlocks += run.repeats;
    this.#counts.renamedBlocks += run.renamed;
    this.#engineBlockSize = Math.max(this.#engineBlockSize, event.blockSize);
    for (const hash of event.hashes) this.#adoptOrphans(hash, isCopy);
  }

  #adoptOrphans(parent: EngineHash, mayBeCopies: boolean): void {
    for (const { event, gone } of this.#orphans.take(parent)) {
      this.#take(event, mayBeCopies);
      // Each has gone once for this run.
      if (gone.size > 0) this.#held.remove([...gone], (_, copies) => Math.max(0, (copies ?? 0) - 1));
    }
  }

  #remove(event: Removed): void {
    this.#hasRemoved = true;
    if (!this.#isOfDevice(event)) return;
    if (!this.#group.concerns(event.group)) {
      this.#counts.otherGroup += 1;
      return;
    }
    if (event.isPerCopy) this.#copies.shown();
    const { hashes, copiesLeft } = event;
    this.#held.remove(hashes, (index, copies) => {
      const hash = hashes[index] ?? '';
      if (copies !== null) return copiesLeft?.[index] ?? this.#copiesLeft(hash, copies);
      this.#removeUnknown(hash);
      return 0;
    });
  }

  #copiesLeft(hash: EngineHash, copies: number): number {
    const left = this.#copies.left(hash, copies);
    if (left === 0 && copies > 1 && this.#copies.rule !== 'single') this.#counts.doubtedBlocks += 1;
    return left;
  }

  #removeUnknown(hash: EngineHash): void {
    this.#counts.unknownRemovals += 1;
    this.#copies.wentAgain(hash);
    this.#orphans.removed(hash, this.#copies.isPerCopy);
  }

  /** An engine holds no more than it has: when it seems to, some of what it told was lost, or its copies are none. */
  #checkSize(): void {
    const tokensMax = (this.#blocksMax ?? ENGINE_BLOCKS_MAX) * this.#engineBlockSize;
    const isOverfull = this.#held.tokens > tokensMax;
    if (isOverfull && this.#blocksMax !== null && !this.#hasRemoved) {
      // A full cache lets something go before it stores: an engine that never has is larger than it says.
      this.#blocksMax = null;
      this.#counts.refutedSizes += 1;
      return;
    }
    const isMisread = !isOverfull && this.#copies.isPerCopy && this.#held.copiesTokens > tokensMax;
    if (!isOverfull && !isMisread) return;
    this.#counts.overfull += 1;
    this.clear();
    if (!isMisread) return;
    this.#copies.refute();
    this.#options.mustReadAnew?.();
  }
}

const DEFAULT_OPTIONS: LedgerOptions = { copies: 'learned', blocksMax: null };
