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
  /** How often each rank says which batch is its newest and what its set adds up to, so that a lost last batch and a wrong set are noticed. */
  readonly announceMs: number;
  /** Receivers that are answered at once, over all ranks; further ones are told to come again. */
  readonly answersMax: number;
}

export const KV_PUBLISHER_LIMITS: KvPublisherLimits = {
  batchBlocksMax: 2_048,
  batchDelayMs: 1,
  ringBatchesMax: 1_024,
  heldBlocksMax: 16_777_216,
  snapshotChunkBlocksMax: 8_192,
  announceMs: 1_000,
  answersMax: 64,
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

/** Words of an event that names one block, at most: its head, its parent and the hash. */
const WORDS_PER_BLOCK_MAX = 5;

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
  readonly #payloadBytesMax: () => number;
  /** The newest snapshot, until the next announcement. */
  #made: {
    readonly batchNumber: number;
    readonly payloadBytesMax: number;
    readonly chunks: readonly Uint8Array[];
  } | null = null;

  /**
   * @param plane.payloadBytesMax longest message that the plane takes now.
   * @param before the number that its first batch follows: 0 in a new life.
   */
  constructor(
    source: KvSource,
    limits: KvPublisherLimits,
    plane: { readonly send: (payload: Uint8Array) => void; readonly payloadBytesMax: () => number },
    before = 0,
  ) {
    this.source = source;
    this.#limits = limits;
    this.#send = plane.send;
    this.#payloadBytesMax = plane.payloadBytesMax;
    this.#header = new WireHeader(source);
    this.#ring = new BatchRing(limits.ringBatchesMax, before);
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

  /** Says which batch is the newest (0 before the first) and what the set is then, as everything was sent. */
  announce(): void {
    this.flush();
    this.#made = null;
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
    // Of a time when the plane took longer ones.
    const isTooLong = batches?.some(({ byteLength }) => byteLength > this.#payloadBytesMax()) ?? true;
    return batches === null || isTooLong
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
      const blocksMax = this.#blocksMax(this.#limits.batchBlocksMax);
      const to = Math.min(end, from + Math.max(1, blocksMax - this.#pending.blockCount));
      append(from, to);
      from = to;
      if (this.#pending.blockCount >= blocksMax) this.flush();
    }
  }

  /** Blocks that one message may name: what is configured, or what the plane takes when every block is an event of its own behind a clear. */
  #blocksMax(configured: number): number {
    const words = Math.floor(this.#payloadBytesMax() / 4) - this.#header.words.length - 1;
    return Math.max(1, Math.min(configured, Math.floor(words / WORDS_PER_BLOCK_MAX)));
  }

  /** Made once for all who ask while nothing changes. */
  #snapshot(): readonly Uint8Array[] {
    const payloadBytesMax = this.#payloadBytesMax();
    if (this.#made?.batchNumber !== this.newestNumber || this.#made.payloadBytesMax !== payloadBytesMax)
      this.#made = { batchNumber: this.newestNumber, payloadBytesMax, chunks: this.#makeSnapshot() };
    return this.#made.chunks;
  }

  #makeSnapshot(): readonly Uint8Array[] {
    const chunks = [encodeSnapshotStart(this.#header, this.newestNumber, this.#digest)];
    const chains = new KvEventWords();
    const finishChunk = (): void => {
      if (chains.eventCount > 0) chunks.push(encodeSnapshotChains(this.#header, this.newestNumber, chains));
      chains.reset();
    };
    const blocksMax = this.#blocksMax(this.#limits.snapshotChunkBlocksMax);
    this.#held.forEachChain((parent, hashes) => {
      if (chains.blockCount + hashes.length / 2 > blocksMax) finishChunk();
      // A chain that is longer than a chunk goes on in the next one.
      for (let from = 0; from < hashes.length; from += blocksMax * 2) {
        if (chains.blockCount > 0 && from > 0) finishChunk();
        const before = from === 0 ? parent : hashes.subarray(from - 2, from);
        chains.stored(before, hashes.subarray(from, from + blocksMax * 2));
      }
    });
    finishChunk();
    return chunks;
  }
}
