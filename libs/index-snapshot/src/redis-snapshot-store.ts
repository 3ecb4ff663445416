import {
  decodeIndexSnapshotManifest,
  encodeIndexSnapshotManifest,
  keys,
  SEAL_BYTES,
  SNAPSHOT_LIMITS,
  snapshotChecksum,
  withoutSeal,
} from '@kvasir/contract';
import type { EndpointName, IndexSnapshotManifest } from '@kvasir/contract';
import { connectRedis } from '@kvasir/registry';
import type { RecordTrust, RedisClient, RedisConnectionOptions } from '@kvasir/registry';
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

export interface RedisSnapshotOptions {
  /** Makes ids that are never used twice. */
  readonly newId: () => string;
  /** Whose snapshots are believed; by default everybody's. */
  readonly trust?: RecordTrust | undefined;
}

/** Connects to the Redis that keeps snapshots. @throws RegistryError like `connectRedis`. */
export async function connectRedisSnapshotStore(
  connection: RedisConnectionOptions,
  options: RedisSnapshotOptions,
): Promise<SnapshotStore> {
  return new RedisSnapshotStore(await connectRedis(connection), options);
}

class RedisSnapshotStore implements SnapshotStore {
  readonly #client: RedisClient;
  readonly #newId: () => string;
  readonly #trust: RecordTrust;

  constructor(client: RedisClient, { newId, trust }: RedisSnapshotOptions) {
    this.#client = client;
    this.#newId = newId;
    this.#trust = trust ?? { seal: null, believesUnsealed: true };
  }

  async read(endpoint: EndpointName): Promise<SnapshotReading> {
    let reading: SnapshotReading = { kind: 'none' };
    let triedId: string | null = null;
    for (let attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt += 1) {
      const value = await this.#get(keys.snapshotManifest(endpoint), SNAPSHOT_LIMITS.manifestBytesMax);
      if (value === 'none') return { kind: 'none' };
      if (value === 'disbelieved')
        return { kind: 'refused', reason: 'its manifest carries no seal that is believed' };
      const read = decodeIndexSnapshotManifest(value.toString('utf8'));
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
      await this.#set(keys.snapshotChunk(endpoint, snapshotId, index), chunk);
    const manifest: IndexSnapshotManifest = {
      ...content,
      snapshotId,
      chunks: chunks.map((chunk) => ({ bytes: chunk.byteLength, checksum: snapshotChecksum(chunk) })),
    };
    const key = keys.snapshotManifest(endpoint);
    const before = await this.#get(key, SNAPSHOT_LIMITS.manifestBytesMax);
    await this.#set(key, Buffer.from(encodeIndexSnapshotManifest(manifest)));
    await this.#dropChunks(endpoint, before);
  }

  async clear(endpoint: EndpointName): Promise<void> {
    const before = await this.#get(keys.snapshotManifest(endpoint), SNAPSHOT_LIMITS.manifestBytesMax);
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
      const turn = manifest.chunks.slice(chunks.length, chunks.length + CHUNKS_AT_ONCE);
      const values = await Promise.all(
        turn.map(({ bytes }, index) =>
          this.#get(keys.snapshotChunk(endpoint, manifest.snapshotId, chunks.length + index), bytes),
        ),
      );
      chunks.push(...values.map((value) => (value instanceof Buffer ? value : null)));
    }
    return chunks;
  }

  async #set(key: string, bytes: Uint8Array): Promise<void> {
    const { seal } = this.#trust;
    const value = seal === null ? bytes : seal.seal(`value ${key}`, bytes, 0);
    const buffer = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    await this.#client.set(key, buffer, 'PX', SNAPSHOT_TTL_MS);
  }

  /** No more is read than can be right: one byte beyond it shows that there is more. */
  async #get(key: string, bytesMax: number): Promise<Buffer | 'none' | 'disbelieved'> {
    const value = await this.#client.getrangeBuffer(key, 0, bytesMax + SEAL_BYTES);
    if (value.length === 0) return 'none';
    const { seal, believesUnsealed } = this.#trust;
    if (seal === null) return bufferOf(withoutSeal(value));
    const reading = seal.open(`value ${key}`, value);
    if (reading.kind === 'opened') return bufferOf(reading.payload);
    return reading.fault === 'missing' && believesUnsealed ? value : 'disbelieved';
  }

  async #dropChunks(endpoint: EndpointName, manifest: Buffer | 'none' | 'disbelieved'): Promise<void> {
    const read = manifest instanceof Buffer ? decodeIndexSnapshotManifest(manifest.toString('utf8')) : null;
    if (read?.kind !== 'manifest') return;
    for (const index of read.manifest.chunks.keys())
      await this.#client.unlink(keys.snapshotChunk(endpoint, read.manifest.snapshotId, index));
  }
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
