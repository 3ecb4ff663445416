import { incarnation, workerId } from '@kvasir/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexSnapshotWriter, readIndexSnapshotChunk } from './index-snapshot-chunks.js';
import {
  decodeIndexSnapshotManifest,
  encodeIndexSnapshotManifest,
  snapshotChecksum,
} from './index-snapshot-manifest.js';
import type { IndexSnapshotManifest } from './index-snapshot-manifest.js';

const manifest: IndexSnapshotManifest = {
  snapshotId: 'router-a-7',
  endpoint: { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' },
  blockSize: 64,
  logId: '2026-11-21T00:00:00Z',
  logSequence: 12_345,
  sources: [
    {
      source: { workerId: workerId('w "1"'), incarnation: incarnation('i-2'), rank: 3 },
      batchNumber: 9,
      blockCount: 4,
    },
  ],
  chunks: [{ bytes: 64, checksum: '00ff00ff00ff00ff' }],
};

describe('a snapshot manifest', () => {
  it('is read back as it was written', () => {
    const read = decodeIndexSnapshotManifest(encodeIndexSnapshotManifest(manifest));
    expect(read).toEqual({ kind: 'manifest', manifest });
  });

  it('is refused when any character was changed or its end is missing', () => {
    const text = encodeIndexSnapshotManifest(manifest);
    for (let at = 0; at < text.length; at += 1) {
      const changed = text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);
      expect(decodeIndexSnapshotManifest(changed).kind).toBe('malformed');
      expect(decodeIndexSnapshotManifest(text.slice(0, at)).kind).toBe('malformed');
    }
  });

  it.each([
    ['"version":1', '"version":2', 'has version 2, not 1'],
    ['xxh3-64/1337', 'sha256', 'names blocks by sha256, not by xxh3-64/1337'],
    ['"blockSize":64', '"blockSize":0', 'blockSize must be an integer from 1 to 65536, received 0'],
    ['64:00ff', 'x:00ff', 'a chunk must be bytes:checksum, received "x:00ff00ff00ff00ff"'],
    ['64:00ff', '99999999:00ff', 'a chunk must be bytes:checksum, received "99999999:00ff00ff00ff00ff"'],
  ])('is refused when %s is %s, though its checksum is right', (from, to, reason) => {
    const body = encodeIndexSnapshotManifest(manifest).slice(17).replace(from, to);
    const text = `${snapshotChecksum(new TextEncoder().encode(body))} ${body}`;
    expect(decodeIndexSnapshotManifest(text)).toEqual({ kind: 'malformed', reason });
  });
});

describe('the chunks of a snapshot', () => {
  const chain = fc.record({
    sourceIndex: fc.nat(4),
    parent: fc.option(fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff))),
    words: fc.array(fc.nat(0xffff_ffff), { minLength: 1, maxLength: 40 }),
  });

  it('give every block of every source back, each with its parent', () => {
    fc.assert(
      fc.property(
        fc.array(chain, { maxLength: 30 }),
        fc.integer({ min: 24, max: 400 }),
        (chains, bytesMax) => {
          const writer = new IndexSnapshotWriter(bytesMax);
          const wanted: string[] = [];
          for (const { sourceIndex, parent, words } of chains) {
            const hashes = Uint32Array.from([...words, ...words]);
            writer.append(sourceIndex, parent === null ? null : Uint32Array.from(parent), hashes);
            wanted.push(...blocksOf(sourceIndex, parent, hashes));
          }
          const found: string[] = [];
          for (const chunk of writer.finish()) {
            expect(chunk.byteLength).toBeLessThanOrEqual(bytesMax);
            const read = readIndexSnapshotChunk(chunk, 5);
            if (read.kind === 'malformed') throw new Error(read.reason);
            for (const { sourceIndex, chain } of read.chains)
              found.push(...blocksOf(sourceIndex, chain.parent, chain.hashes));
          }
          expect(found).toEqual(wanted);
        },
      ),
    );
  });

  it('are read from a buffer that lies anywhere in memory', () => {
    const writer = new IndexSnapshotWriter(64);
    writer.append(0, null, Uint32Array.of(7, 8));
    const [chunk = new Uint8Array()] = writer.finish();
    const shifted = Buffer.concat([Buffer.of(0), chunk]).subarray(1);
    const read = readIndexSnapshotChunk(shifted, 1);
    expect(read).toMatchObject({ kind: 'chains', chains: [{ chain: { hashes: Uint32Array.of(7, 8) } }] });
  });

  it('are never read beyond their end, whatever they hold', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const read = readIndexSnapshotChunk(bytes, 3);
        if (read.kind === 'chains')
          for (const { sourceIndex, chain } of read.chains) {
            expect(sourceIndex).toBeLessThan(3);
            expect(chain.hashes.length).toBeGreaterThan(0);
          }
      }),
    );
    expect(readIndexSnapshotChunk(Uint8Array.from([1, 2, 3]), 1)).toEqual({
      kind: 'malformed',
      reason: 'has 3 bytes, no whole words',
    });
  });
});

function blocksOf(source: number, parent: ArrayLike<number> | null, hashes: Uint32Array): string[] {
  let before = parent === null ? 'root' : `${parent[0]}.${parent[1]}`;
  const blocks: string[] = [];
  for (let at = 0; at < hashes.length; at += 2) {
    const block = `${hashes[at]}.${hashes[at + 1]}`;
    blocks.push(`${source}: ${before} > ${block}`);
    before = block;
  }
  return blocks;
}
