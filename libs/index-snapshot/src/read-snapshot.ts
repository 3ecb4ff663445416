import { formatEndpointName, readIndexSnapshotChunk, snapshotChecksum } from '@kvasir/contract';
import type { EndpointName, IndexSnapshotManifest, KvChain } from '@kvasir/contract';
import type { SnapshotReading, SourceSnapshot } from './snapshot-store.js';

/** Puts a snapshot together from its chunks, and checks that it is whole and of this endpoint. */
export function readSnapshot(
  endpoint: EndpointName,
  manifest: IndexSnapshotManifest,
  chunks: readonly (Uint8Array | null)[],
): SnapshotReading {
  if (formatEndpointName(manifest.endpoint) !== formatEndpointName(endpoint))
    return refused(`it is of ${formatEndpointName(manifest.endpoint)}`);
  const chains: KvChain[][] = manifest.sources.map(() => []);
  for (const [index, said] of manifest.chunks.entries()) {
    const chunk = chunks[index] ?? null;
    const where = `chunk ${index + 1} of ${manifest.chunks.length}`;
    if (chunk === null) return refused(`${where} is missing`);
    if (chunk.byteLength !== said.bytes)
      return refused(`${where} has ${chunk.byteLength} of ${said.bytes} bytes`);
    if (snapshotChecksum(chunk) !== said.checksum) return refused(`the checksum of ${where} is wrong`);
    const read = readIndexSnapshotChunk(chunk, manifest.sources.length);
    if (read.kind === 'malformed') return refused(`${where} ${read.reason}`);
    for (const { sourceIndex, chain } of read.chains) chains[sourceIndex]?.push(chain);
  }
  const sources: SourceSnapshot[] = [];
  for (const [index, { source, batchNumber, blockCount }] of manifest.sources.entries()) {
    const held = chains[index] ?? [];
    const blocks = held.reduce((sum, { hashes }) => sum + hashes.length / 2, 0);
    if (blocks !== blockCount) return refused(`${source.workerId} has ${blocks} of ${blockCount} blocks`);
    sources.push({ source, batchNumber, chains: held });
  }
  return { kind: 'snapshot', manifest, sources };
}

const refused = (reason: string): SnapshotReading => ({ kind: 'refused', reason });
