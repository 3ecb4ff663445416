import { decodeKvRecoveryChunk, type KvChain, type KvEventBatch, type KvSource } from '@kvasir/contract';

/** The whole set of a source as it was after `batchNumber`. */
export interface Snapshot {
  readonly batchNumber: number;
  readonly chains: readonly KvChain[];
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

/** Reads the chunks of one recovery answer in order and holds a snapshot back until it is whole. */
export class RecoveryAnswer {
  readonly #source: KvSource;
  readonly #snapshotBlocksMax: number;
  #snapshot: {
    readonly batchNumber: number;
    readonly blockCount: number;
    readonly chains: KvChain[];
  } | null = null;
  #blocksRead = 0;

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
        return this.#snapshot === null ? chunk : broken('a batch inside a snapshot');
      case 'snapshotStart':
        return this.#begin(chunk);
      case 'chains':
        return this.#append(chunk.chains);
      case 'end':
        return this.#end(chunk);
    }
  }

  #begin(start: { source: KvSource; batchNumber: number; blockCount: number }): AnswerStep {
    if (!this.#isOurs(start.source)) return broken('a snapshot of another source');
    if (this.#snapshot !== null) return broken('a snapshot inside a snapshot');
    if (start.blockCount > this.#snapshotBlocksMax)
      return broken(`a snapshot of ${start.blockCount} blocks, more than ${this.#snapshotBlocksMax}`);
    this.#snapshot = { batchNumber: start.batchNumber, blockCount: start.blockCount, chains: [] };
    return { kind: 'reading' };
  }

  #append(chains: readonly KvChain[]): AnswerStep {
    if (this.#snapshot === null) return broken('chains before the start of a snapshot');
    for (const chain of chains) {
      this.#blocksRead += chain.hashes.length / 2;
      this.#snapshot.chains.push(chain);
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
    return { kind: 'snapshot', snapshot: this.#snapshot };
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
