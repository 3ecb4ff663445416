import { createSecretKey } from 'node:crypto';
import { IndexSnapshotWriter, keys, MessageSeal } from '@kvasir/contract';
import { startRedisServer } from '@kvasir/testkit';
import type { ServerProcess } from '@kvasir/testkit';
import { incarnation, routerId, workerId } from '@kvasir/units';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectRedisSnapshotStore } from '../src/index.js';
import type { SnapshotContent, SnapshotStore } from '../src/index.js';

const endpoint = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };
const other = { ...endpoint, component: 'decode' };

let server: ServerProcess;
let redis: Redis;
let store: SnapshotStore;
let ids = 0;
beforeAll(async () => {
  server = await startRedisServer();
  redis = new Redis(server.port, '127.0.0.1');
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(async () => {
  await redis.flushall();
  store = await connectRedisSnapshotStore(
    { urls: [`redis://127.0.0.1:${server.port}`], kind: 'server' },
    { newId: () => `id-${(ids += 1)}` },
  );
});
afterEach(() => store.close());

/** Two sources with 300 blocks each, in chunks of about 50 blocks. */
function snapshot(logSequence = 7): { content: SnapshotContent; chunks: readonly Uint8Array[] } {
  const writer = new IndexSnapshotWriter(420);
  const sources = ['a', 'b'].map((name, index) => {
    const hashes = Uint32Array.from({ length: 600 }, (_, word) => word + index * 1_000);
    writer.append(index, null, hashes);
    return {
      source: { workerId: workerId(name), incarnation: incarnation('1'), rank: 0 },
      batchNumber: 40 + index,
      blockCount: 300,
    };
  });
  const content = { endpoint, blockSize: 64, logId: 'log', logSequence, sources };
  return { content, chunks: writer.finish() };
}

async function written(logSequence?: number): Promise<void> {
  const { content, chunks } = snapshot(logSequence);
  await store.write(content, chunks);
}

async function chunkKeys(): Promise<string[]> {
  return (await redis.keys('*:snapshot:*')).sort();
}

describe('RedisSnapshotStore', () => {
  it('gives back what was written', async () => {
    expect(await store.read(endpoint)).toEqual({ kind: 'none' });
    await written();
    const reading = await store.read(endpoint);
    if (reading.kind !== 'snapshot') throw new Error(reading.kind);
    expect(reading.manifest).toMatchObject({ blockSize: 64, logSequence: 7 });
    expect(reading.sources.map(({ source, batchNumber }) => [source.workerId, batchNumber])).toEqual([
      ['a', 40],
      ['b', 41],
    ]);
    const words = reading.sources[1]?.chains.flatMap(({ hashes }) => [...hashes]);
    expect(words).toEqual(Array.from({ length: 600 }, (_, word) => word + 1_000));
  });

  it('keeps one snapshot and drops the chunks of the one before', async () => {
    await written(1);
    const before = await chunkKeys();
    await written(2);
    const after = await chunkKeys();
    expect(after).toHaveLength(before.length);
    expect(after.some((key) => before.includes(key))).toBe(false);
    await store.clear(endpoint);
    expect(await redis.keys('*')).toEqual([]);
  });

  it.each([
    ['is missing', (key: string) => redis.del(key), 'chunk 1 of 12 is missing'],
    ['is short', (key: string) => redis.set(key, 'abcd'), 'chunk 1 of 12 has 4 of 416 bytes'],
    ['was changed', (key: string) => redis.setrange(key, 30, 'x'), 'the checksum of chunk 1 of 12 is wrong'],
  ])('refuses a snapshot of which a chunk %s', async (_, harm, reason) => {
    await written();
    const key = (await chunkKeys()).find((name) => name.endsWith(':0'));
    await harm(key ?? '');
    expect(await store.read(endpoint)).toEqual({ kind: 'refused', reason });
  });

  it('refuses a manifest that was changed, and one of another endpoint', async () => {
    await written();
    const text = (await redis.get(keys.snapshotManifest(endpoint))) ?? '';
    await redis.set(keys.snapshotManifest(other), text);
    expect(await store.read(other)).toEqual({ kind: 'refused', reason: 'it is of kvasir.prefill.generate' });
    await redis.set(keys.snapshotManifest(endpoint), text.slice(0, -2));
    expect(await store.read(endpoint)).toEqual({
      kind: 'refused',
      reason: 'its manifest: its checksum is wrong',
    });
  });

  it('believes a sealed snapshot only, and each part of it only where it was written', async () => {
    const connection = { urls: [`redis://127.0.0.1:${server.port}`], kind: 'server' } as const;
    const key = createSecretKey(Buffer.alloc(32, 1));
    const trust = { seal: new MessageSeal(() => [key]), believesUnsealed: false };
    const sealed = await connectRedisSnapshotStore(connection, { newId: () => 'sealed', trust });
    const { content, chunks } = snapshot();
    await written();
    expect(await sealed.read(endpoint)).toEqual({
      kind: 'refused',
      reason: 'its manifest carries no seal that is believed',
    });
    await sealed.write(content, chunks);
    expect(await sealed.read(endpoint)).toMatchObject({ kind: 'snapshot' });
    // Who has no secret reads it too.
    expect(await store.read(endpoint)).toMatchObject({ kind: 'snapshot' });
    const [one = '', two = ''] = (await chunkKeys()).filter((key) => key.includes(':sealed:'));
    await redis.set(one, (await redis.getBuffer(two)) ?? '');
    expect(await sealed.read(endpoint)).toMatchObject({ kind: 'refused' });
    await sealed.close();
  });

  it('reads no more of a value than can be right', async () => {
    await written();
    const [key = ''] = await chunkKeys();
    await redis.setrange(key, 8_000_000, 'x');
    expect(await store.read(endpoint)).toMatchObject({ kind: 'refused' });
    await redis.set(keys.snapshotManifest(endpoint), 'x'.repeat(1_000_000));
    expect(await store.read(endpoint)).toMatchObject({ kind: 'refused' });
  });

  it('lets one router write at a time, and only the owner let go', async () => {
    const [one, two] = [routerId('one'), routerId('two')];
    expect(await store.lock(endpoint, one, 60_000)).toBe(true);
    // Its answer was lost.
    expect(await store.lock(endpoint, one, 60_000)).toBe(true);
    expect(await store.lock(endpoint, two, 60_000)).toBe(false);
    await store.unlock(endpoint, two);
    expect(await store.lock(endpoint, two, 60_000)).toBe(false);
    await store.unlock(endpoint, one);
    expect(await store.lock(endpoint, two, 60_000)).toBe(true);
  });
});
