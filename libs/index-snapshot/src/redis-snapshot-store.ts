import {
  decodeIndexSnapshotManifest,
  encodeIndexSnapshotManifest,
  keys,
  snapshotChecksum,
} from '@kvasir/contract';
import type { EndpointName, IndexSnapshotManifest } from '@kvasir/contract';
import { connectRedis } from '@kvasir/registry';
import type { RedisClient, RedisConnectionOptions } from '@kvasir/registry';
import type { RouterId } from '@kvasir/units';
import { readSnapshot } from './read-snapshot.js';
import type { SnapshotContent, SnapshotReading, SnapshotStore } from './snapshot-store.js';

/** A snapshot that nobody has replaced for so long is of no use to anybody. */
const SNAPSHOT_TTL_MS = 7 * 86_400_000;
/** Chunks asked for at once; of 1 MiB each. */
const CHUNKS_AT_ONCE = 8;
/** A snapshot that is replaced while it is read is read again, this often. */
const READ_ATTEMPTS_MAX = 3;

/** Takes the lock, also when its owner took it already: an answer may have been lost. ARGV: owner, ms. */
const LOCK = `
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`;
const UNLOCK = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** Connects to the Redis that keeps snapshots. @param newId makes ids that are never used twice. @throws RegistryError like `connectRedis`. */
export async function connectRedisSnapshotStore(
  options: RedisConnectionOptions,
  newId: () => string,
): Promise<SnapshotStore> {
  return new RedisSnapshotStore(await connectRedis(options), newId);
}

class RedisSnapshotStore implements SnapshotStore {
  readonly #client: RedisClient;
  readonly #newId: () => string;

  constructor(client: RedisClient, newId: () => string) {
    this.#client = client;
    this.#newId = newId;
  }

  async read(endpoint: EndpointName): Promise<SnapshotReading> {
    let reading: SnapshotReading = { kind: 'none' };
    let triedId: string | null = null;
    for (let attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt += 1) {
      const text = await this.#client.get(keys.snapshotManifest(endpoint));
      if (text === null) return { kind: 'none' };
      const read = decodeIndexSnapshotManifest(text);
      if (read.kind === 'malformed') return { kind: 'refused', reason: `its manifest: ${read.reason}` };
      // Broken, and nobody has written another meanwhile.
      if (read.manifest.snapshotId === triedId) return reading;
      triedId = read.manifest.snapshotId;
      reading = readSnapshot(endpoint, read.manifest, await this.#chunks(endpoint, read.manifest));
      if (reading.kind === 'snapshot') return reading;
    }
    return reading;
  }

  async write(content: SnapshotContent, chunks: readonly Uint8Array[]): Promise<void> {
    const { endpoint } = content;
    const snapshotId = this.#newId();
    for (const [index, chunk] of chunks.entries())
      await this.#client.set(
        keys.snapshotChunk(endpoint, snapshotId, index),
        Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength),
        'PX',
        SNAPSHOT_TTL_MS,
      );
    const manifest: IndexSnapshotManifest = {
      ...content,
      snapshotId,
      chunks: chunks.map((chunk) => ({ bytes: chunk.byteLength, checksum: snapshotChecksum(chunk) })),
    };
    const before = await this.#client.get(keys.snapshotManifest(endpoint));
    await this.#client.set(
      keys.snapshotManifest(endpoint),
      encodeIndexSnapshotManifest(manifest),
      'PX',
      SNAPSHOT_TTL_MS,
    );
    await this.#dropChunks(endpoint, before);
  }

  async clear(endpoint: EndpointName): Promise<void> {
    const before = await this.#client.get(keys.snapshotManifest(endpoint));
    await this.#client.del(keys.snapshotManifest(endpoint));
    await this.#dropChunks(endpoint, before);
  }

  async lock(endpoint: EndpointName, owner: RouterId, ttlMs: number): Promise<boolean> {
    return (await this.#client.eval(LOCK, 1, keys.snapshotLock(endpoint), owner, ttlMs)) === 1;
  }

  async unlock(endpoint: EndpointName, owner: RouterId): Promise<void> {
    await this.#client.eval(UNLOCK, 1, keys.snapshotLock(endpoint), owner);
  }

  close(): Promise<void> {
    this.#client.disconnect();
    return Promise.resolve();
  }

  async #chunks(endpoint: EndpointName, manifest: IndexSnapshotManifest): Promise<(Buffer | null)[]> {
    const chunks: (Buffer | null)[] = [];
    while (chunks.length < manifest.chunks.length) {
      const count = Math.min(CHUNKS_AT_ONCE, manifest.chunks.length - chunks.length);
      const names = Array.from({ length: count }, (_, index) =>
        keys.snapshotChunk(endpoint, manifest.snapshotId, chunks.length + index),
      );
      chunks.push(...(await this.#client.mgetBuffer(...names)));
    }
    return chunks;
  }

  async #dropChunks(endpoint: EndpointName, manifestText: string | null): Promise<void> {
    const read = manifestText === null ? null : decodeIndexSnapshotManifest(manifestText);
    if (read?.kind !== 'manifest') return;
    for (const index of read.manifest.chunks.keys())
      await this.#client.unlink(keys.snapshotChunk(endpoint, read.manifest.snapshotId, index));
  }
}
