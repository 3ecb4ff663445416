import type { EndpointName, IndexSnapshotManifest, KvChain, KvSource } from '@kvasir/contract';
import type { RouterId } from '@kvasir/units';

/** What one source held, as chains that rebuild it. */
export interface SourceSnapshot {
  readonly source: KvSource;
  readonly batchNumber: number;
  readonly chains: readonly KvChain[];
}

export type SnapshotReading =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'snapshot';
      readonly manifest: IndexSnapshotManifest;
      readonly sources: readonly SourceSnapshot[];
    }
  /** There is something, and it is torn, foreign or of another version: nothing of it is to be believed. */
  | { readonly kind: 'refused'; readonly reason: string };

/** What is to be written; the store adds sums and ids. */
export type SnapshotContent = Omit<IndexSnapshotManifest, 'snapshotId' | 'chunks'>;

/** Keeps the newest snapshot of each endpoint's index. Errors are whatever the store's client throws: a snapshot is never needed, only welcome. */
export interface SnapshotStore {
  read(endpoint: EndpointName): Promise<SnapshotReading>;
  /** Puts a snapshot in the place of the one before; readers see the one or the other, whole. */
  write(content: SnapshotContent, chunks: readonly Uint8Array[]): Promise<void>;
  clear(endpoint: EndpointName): Promise<void>;
  /** For one writer at a time. @returns false while another router holds it. */
  lock(endpoint: EndpointName, owner: RouterId, ttlMs: number): Promise<boolean>;
  unlock(endpoint: EndpointName, owner: RouterId): Promise<void>;
  close(): Promise<void>;
}
