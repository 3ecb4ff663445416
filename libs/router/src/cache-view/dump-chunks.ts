import { IndexSnapshotWriter } from '@kvasir/contract';
import type { SnapshotSource } from '@kvasir/contract';
import type { Clock } from '@kvasir/service';

/** Length of a chunk in the store. */
const CHUNK_BYTES_MAX = 1_048_576;
/** Blocks read before sockets and timers get their turn: about 3 ms. */
const BLOCKS_PER_TURN = 32_768;

export interface NumberedChain {
  readonly sourceIndex: number;
  readonly parent: Uint32Array | null;
  readonly hashes: Uint32Array;
}

/** An index that is about to be read. */
export interface IndexDump {
  readonly blockSize: number;
  /** Every source whose set is whole, with its number of the moment. */
  readonly sources: readonly SnapshotSource[];
  /** Chains by the place of their source in `sources`; parents before children. */
  readonly chains: Iterable<NumberedChain>;
  /** True once the index is not what it was when the reading began. */
  readonly isStale: () => boolean;
}

export interface DumpedChunks {
  readonly blockSize: number;
  readonly sources: readonly SnapshotSource[];
  readonly chunks: readonly Uint8Array[];
}

/** Packs an index into chunks, in turns. @returns null when it changed meanwhile, or was given up. */
export async function dumpChunks(
  dump: IndexDump,
  { clock, isGivenUp }: { readonly clock: Clock; readonly isGivenUp: () => boolean },
): Promise<DumpedChunks | null> {
  const writer = new IndexSnapshotWriter(CHUNK_BYTES_MAX);
  let blocksInTurn = 0;
  for (const { sourceIndex, parent, hashes } of dump.chains) {
    writer.append(sourceIndex, parent, hashes);
    blocksInTurn += hashes.length / 2;
    if (blocksInTurn < BLOCKS_PER_TURN) continue;
    blocksInTurn = 0;
    await new Promise<void>((resolve) => {
      clock.after(0, resolve);
    });
    if (dump.isStale() || isGivenUp()) return null;
  }
  return { blockSize: dump.blockSize, sources: dump.sources, chunks: writer.finish() };
}
