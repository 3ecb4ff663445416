import {
  encodeKvAnnouncement,
  encodeKvEventWords,
  encodeRecoveryEnd,
  encodeSnapshotChains,
  encodeSnapshotStart,
  KvEventWords,
  WireHeader,
  type HashWords,
  type KvRecoveryWant,
  type KvSource,
} from '@kvasir/contract';
import { SetDigest } from '@kvasir/radix-index';
import { BatchRing } from './batch-ring.js';
import { HeldBlocks } from './held-blocks.js';

export interface KvPublisherLimits {
  /** Blocks in one batch; a longer event is split. 8 bytes each. */
  readonly batchBlocksMax: number;
  /** Longest time that an event waits for others to share its batch. */
  readonly batchDelayMs: number;
  /** Batches kept per rank for receivers that missed some. */
  readonly ringBatchesMax: number;
  /** Blocks per rank; more are refused and not published. */
  readonly heldBlocksMax: number;
  /** Blocks in one chunk of a snapshot. */
  readonly snapshotChunkBlocksMax: number;
  /** How often each rank says which batch is its newest, so that a lost last batch is noticed. */
  readonly announceMs: number;
}

export const KV_PUBLISHER_LIMITS: KvPublisherLimits = {
  batchBlocksMax: 2_048,
  batchDelayMs: 1,
  ringBatchesMax: 1_024,
  heldBlocksMax: 16_777_216,
  snapshotChunkBlocksMax: 8_192,
  announceMs: 1_000,
};

export type StoredOutcome =
  /** Published: at least one block is new. */
  | { readonly kind: 'published'; readonly newBlocks: number }
  /** All blocks are held already; nothing was published. */
  | { readonly kind: 'duplicate' }
  /** The parent is not held: the caller has lost events of its engine. Nothing was taken, for receivers could not place it either. */
  | { readonly kind: 'unknownParent' }
  /** As many blocks are held as may be: the first `newBlocks` were published, the others refused. */
  | { readonly kind: 'limitReached'; readonly newBlocks: number; readonly refusedBlocks: number };

/** `unknownBlocks` were not held and are not published. */
export interface RemovedOutcome {
  readonly removedBlocks: number;
  readonly unknownBlocks: number;
}

/** Numbers and keeps what one rank publishes. Says what to send; sends nothing itself. */
export class RankPublisher {
  readonly source: KvSource;
  readonly #limits: KvPublisherLimits;
  readonly #send: (payload: Uint8Array) => void;
  readonly #header: WireHeader;
  readonly #held = new HeldBlocks();
  readonly #digest = new SetDigest();
  readonly #pending = new KvEventWords();
  readonly #ring: BatchRing;

  constructor(source: KvSource, limits: KvPublisherLimits, send: (payload: Uint8Array) => void) {
    this.source = source;
    this.#limits = limits;
    this.#send = send;
    this.#header = new WireHeader(source);
    this.#ring = new BatchRing(limits.ringBatchesMax);
  }

  get heldBlocks(): number {
    return this.#held.size;
  }

  get newestNumber(): number {
    return this.#ring.newestNumber;
  }

  get hasPending(): boolean {
    return this.#pending.eventCount > 0;
  }

  stored(parent: HashWords | null, hashes: HashWords): StoredOutcome {
    if (parent !== null && !this.#held.has(parent[0] ?? 0, parent[1] ?? 0)) return { kind: 'unknownParent' };
    const blocks = hashes.length / 2;
    let newBlocks = 0;
    let start = blocks;
    let end = 0;
    for (; end < blocks; end += 1) {
      const isFull = this.#held.size >= this.#limits.heldBlocksMax;
      if (isFull && !this.#held.has(hashes[end * 2] ?? 0, hashes[end * 2 + 1] ?? 0)) break;
      if (isFull || !this.#held.add(parent, hashes, end)) continue;
      this.#digest.add(hashes[end * 2] ?? 0, hashes[end * 2 + 1] ?? 0);
      newBlocks += 1;
      start = Math.min(start, end);
    }
    if (newBlocks > 0) this.#appendStored(parent, hashes, start, end);
    if (end < blocks) return { kind: 'limitReached', newBlocks, refusedBlocks: blocks - end };
    return newBlocks === 0 ? { kind: 'duplicate' } : { kind: 'published', newBlocks };
  }

  removed(hashes: HashWords): RemovedOutcome {
    const blocks = hashes.length / 2;
    let removedBlocks = 0;
    let runStart = 0;
    for (let index = 0; index < blocks; index += 1) {
      if (this.#held.delete(hashes[index * 2] ?? 0, hashes[index * 2 + 1] ?? 0)) {
        this.#digest.remove(hashes[index * 2] ?? 0, hashes[index * 2 + 1] ?? 0);
        removedBlocks += 1;
        continue;
      }
      this.#appendRemoved(hashes, runStart, index);
      runStart = index + 1;
    }
    this.#appendRemoved(hashes, runStart, blocks);
    return { removedBlocks, unknownBlocks: blocks - removedBlocks };
  }

  cleared(): void {
    this.#held.clear();
    this.#digest.clear();
    // What has not been sent is void. A clear comes first in its batch, which lets receivers skip whatever they miss before it.
    this.#pending.reset();
    this.#pending.cleared();
  }

  /** Sends what is pending as the next batch. */
  flush(): void {
    if (!this.hasPending) return;
    const payload = encodeKvEventWords(this.#header, this.#ring.newestNumber + 1, this.#pending);
    this.#pending.reset();
    this.#ring.push(payload);
    this.#send(payload);
  }

  /** Says which batch is the newest and what the set is then, as everything was sent; nothing when there is none yet. */
  announce(): void {
    this.flush();
    if (this.newestNumber > 0)
      this.#send(encodeKvAnnouncement(this.#header, this.newestNumber, this.#digest));
  }

  /** The chunks that answer a receiver: the batches it wants when they are still kept, else the whole set. */
  answer(want: KvRecoveryWant): {
    readonly kind: 'batches' | 'snapshot';
    readonly chunks: readonly Uint8Array[];
  } {
    // So that the set is what the newest number stands for.
    this.flush();
    const end = encodeRecoveryEnd(this.#header, this.newestNumber);
    const batches = want.kind === 'batches' ? this.#ring.from(want.from) : null;
    return batches === null
      ? { kind: 'snapshot', chunks: [...this.#snapshot(), end] }
      : { kind: 'batches', chunks: [...batches, end] };
  }

  #appendStored(parent: HashWords | null, hashes: HashWords, start: number, end: number): void {
    this.#inBatches(start, end, (from, to) => {
      const before = from === 0 ? parent : hashes.subarray(from * 2 - 2, from * 2);
      this.#pending.stored(before, hashes.subarray(from * 2, to * 2));
    });
  }

  #appendRemoved(hashes: HashWords, start: number, end: number): void {
    this.#inBatches(start, end, (from, to) => this.#pending.removed(hashes.subarray(from * 2, to * 2)));
  }

  /** Splits a run of blocks so that no batch exceeds its limit, and sends the batches that are full. */
  #inBatches(start: number, end: number, append: (from: number, to: number) => void): void {
    for (let from = start; from < end;) {
      const to = Math.min(end, from + this.#limits.batchBlocksMax - this.#pending.blockCount);
      append(from, to);
      from = to;
      if (this.#pending.blockCount >= this.#limits.batchBlocksMax) this.flush();
    }
  }

  #snapshot(): readonly Uint8Array[] {
    const chunks = [encodeSnapshotStart(this.#header, this.newestNumber, this.#digest)];
    const chains = new KvEventWords();
    const finishChunk = (): void => {
      if (chains.eventCount > 0) chunks.push(encodeSnapshotChains(this.#header, this.newestNumber, chains));
      chains.reset();
    };
    this.#held.forEachChain((parent, hashes) => {
      if (chains.blockCount + hashes.length / 2 > this.#limits.snapshotChunkBlocksMax) finishChunk();
      chains.stored(parent, hashes);
    });
    finishChunk();
    return chunks;
  }
}
