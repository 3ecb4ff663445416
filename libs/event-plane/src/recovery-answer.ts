import {
  decodeKvRecoveryChunk,
  type KvChain,
  type KvEventBatch,
  type KvSetDigest,
  type KvSource,
} from '@kvasir/contract';
import { SetDigest } from '@kvasir/radix-index';

/** The whole set of a source as it was after `batchNumber`. */
export interface Snapshot {
  readonly batchNumber: number;
  readonly chains: readonly KvChain[];
  /** What the set adds up to, as its publisher says; null for one that was kept elsewhere. */
  readonly digest: KvSetDigest | null;
}

export type AnswerStep =
  /** More is to come. */
  | { readonly kind: 'reading' }
  /** A recovered batch; more is to come. */
  | { readonly kind: 'batch'; readonly batch: KvEventBatch }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly kind: 'ended'; readonly newestNumber: number }
  /** The answer breaks its rules; nothing more of it is to be believed. */
  | { readonly kind: 'broken'; readonly reason: string };

/** Batches of one answer: more than any ring of a publisher keeps. */
const ANSWER_BATCHES_MAX = 65_536;

/** Reads the chunks of one recovery answer in order and holds a snapshot back until it is whole. */
export class RecoveryAnswer {
  readonly #source: KvSource;
  readonly #snapshotBlocksMax: number;
  #snapshot: {
    readonly batchNumber: number;
    readonly blockCount: number;
    readonly chains: KvChain[];
    readonly digest: KvSetDigest;
  } | null = null;
  #blocksRead = 0;
  #batchesRead = 0;
  readonly #digest = new SetDigest();

  constructor(source: KvSource, snapshotBlocksMax: number) {
    this.#source = source;
    this.#snapshotBlocksMax = snapshotBlocksMax;
  }

  read(bytes: Uint8Array): AnswerStep {
    const chunk = decodeKvRecoveryChunk(bytes);
    switch (chunk.kind) {
      case 'malformed':
        return broken(chunk.reason);
      case 'batch':
        if (!this.#isOurs(chunk.batch)) return broken('a batch of another source');
        return this.#batch(chunk);
      case 'snapshotStart':
        return this.#begin(chunk);
      case 'chains':
        return this.#append(chunk.chains);
      case 'end':
        return this.#end(chunk);
    }
  }

  #batch(chunk: { readonly kind: 'batch'; readonly batch: KvEventBatch }): AnswerStep {
    if (this.#snapshot !== null) return broken('a batch inside a snapshot');
    this.#batchesRead += 1;
    if (this.#batchesRead > ANSWER_BATCHES_MAX) return broken(`more than ${ANSWER_BATCHES_MAX} batches`);
    return chunk;
  }

  #begin(start: {
    readonly source: KvSource;
    readonly batchNumber: number;
    readonly blockCount: number;
    readonly digest: KvSetDigest;
  }): AnswerStep {
    if (!this.#isOurs(start.source)) return broken('a snapshot of another source');
    if (this.#snapshot !== null) return broken('a snapshot inside a snapshot');
    if (start.blockCount > this.#snapshotBlocksMax)
      return broken(`a snapshot of ${start.blockCount} blocks, more than ${this.#snapshotBlocksMax}`);
    const { batchNumber, blockCount, digest } = start;
    this.#snapshot = { batchNumber, blockCount, digest, chains: [] };
    return { kind: 'reading' };
  }

  #append(chains: readonly KvChain[]): AnswerStep {
    if (this.#snapshot === null) return broken('chains before the start of a snapshot');
    for (const chain of chains) {
      this.#blocksRead += chain.hashes.length / 2;
      this.#snapshot.chains.push(chain);
      this.#addToDigest(chain);
    }
    return this.#blocksRead > this.#snapshot.blockCount
      ? broken('more blocks than the snapshot said')
      : { kind: 'reading' };
  }

  #end(end: { source: KvSource; batchNumber: number }): AnswerStep {
    if (!this.#isOurs(end.source)) return broken('an end of another source');
    if (this.#snapshot === null) return { kind: 'ended', newestNumber: end.batchNumber };
    if (this.#blocksRead < this.#snapshot.blockCount)
      return broken(`${this.#blocksRead} of ${this.#snapshot.blockCount} blocks`);
    const { digest } = this.#snapshot;
    if (digest.lo !== this.#digest.lo || digest.hi !== this.#digest.hi)
      return broken('other blocks than the snapshot said');
    return { kind: 'snapshot', snapshot: this.#snapshot };
  }

  #addToDigest({ hashes }: KvChain): void {
    for (let at = 0; at < hashes.length; at += 2) this.#digest.add(hashes[at] ?? 0, hashes[at + 1] ?? 0);
  }

  #isOurs(source: KvSource): boolean {
    return (
      source.workerId === this.#source.workerId &&
      source.incarnation === this.#source.incarnation &&
      source.rank === this.#source.rank
    );
  }
}

const broken = (reason: string): AnswerStep => ({ kind: 'broken', reason });
