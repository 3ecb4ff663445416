import { DEFAULT_SEED, xxh3 } from '@kvasir/block-hash';
import { incarnation, workerId } from '@kvasir/units';
import { endpointField, JsonFields } from './json-fields.js';
import { RECORD_LIMITS } from './record-codec.js';
import type { EndpointName } from './records.js';
import type { KvSource } from './subjects.js';
import { malformed, type Malformed } from './wire-words.js';

/** Form of manifest and chunks; another one is refused rather than guessed at. */
const SNAPSHOT_VERSION = 1;
/** How blocks are named; a snapshot in other names would fit nothing. */
const HASHING = 'xxh3-64/1337';
const SOURCES_MAX = 65_536;
const CHUNKS_MAX = 65_536;
const CHECKSUM_CHARS = 16;

/** What a snapshot may be: beyond it nothing of it is read. */
export const SNAPSHOT_LIMITS = {
  manifestBytesMax: 33_554_432,
  chunkBytesMax: 16_777_216,
  /** Of all chunks. */
  totalBytesMax: 2_147_483_648,
} as const;

/** What one source held when the snapshot was made. */
export interface SnapshotSource {
  readonly source: KvSource;
  /** The newest batch that is in the set. */
  readonly batchNumber: number;
  readonly blockCount: number;
}

/** Says what a snapshot of an index is of, and what its chunks must be. */
export interface IndexSnapshotManifest {
  /** Part of the chunks' keys. */
  readonly snapshotId: string;
  readonly endpoint: EndpointName;
  readonly blockSize: number;
  /** Which event log it belongs to: a log that was made anew numbers from 1 again. */
  readonly logId: string;
  /** Everything in the log up to this number is in the snapshot, for the sources that are listed. */
  readonly logSequence: number;
  readonly sources: readonly SnapshotSource[];
  readonly chunks: readonly { readonly bytes: number; readonly checksum: string }[];
}

/** XXH3-64 of bytes as 16 hexadecimal digits. */
export function snapshotChecksum(bytes: Uint8Array): string {
  const { lo, hi } = xxh3(bytes, DEFAULT_SEED);
  return hex(hi) + hex(lo);
}

/** One line of JSON behind its own checksum. */
export function encodeIndexSnapshotManifest(manifest: IndexSnapshotManifest): string {
  const body = JSON.stringify({
    version: SNAPSHOT_VERSION,
    hashing: HASHING,
    ...manifest,
    endpoint: endpointField(manifest.endpoint),
    sources: manifest.sources.map(({ source, batchNumber, blockCount }) =>
      JSON.stringify({ ...source, batchNumber, blockCount }),
    ),
    chunks: manifest.chunks.map(({ bytes, checksum }) => `${bytes}:${checksum}`),
  });
  return `${checksumOfText(body)} ${body}`;
}

/** Reads what `encodeIndexSnapshotManifest` wrote; anything torn, of another version or in other hashes is malformed, with the reason. */
export function decodeIndexSnapshotManifest(
  text: string,
): { readonly kind: 'manifest'; readonly manifest: IndexSnapshotManifest } | Malformed {
  if (text.length > SNAPSHOT_LIMITS.manifestBytesMax) return malformed(`has ${text.length} characters`);
  const body = text.slice(CHECKSUM_CHARS + 1);
  if (text.slice(0, CHECKSUM_CHARS + 1) !== `${checksumOfText(body)} `)
    return malformed('its checksum is wrong');
  const fields = JsonFields.parse(body);
  if (fields === null) return malformed('is no JSON object');
  const version = fields.integer('version', 0, Number.MAX_SAFE_INTEGER);
  if (version !== SNAPSHOT_VERSION) return malformed(`has version ${version}, not ${SNAPSHOT_VERSION}`);
  const hashing = fields.text('hashing', RECORD_LIMITS.idCharsMax);
  if (hashing !== HASHING) return malformed(`names blocks by ${hashing}, not by ${HASHING}`);
  const manifest: IndexSnapshotManifest = {
    snapshotId: fields.text('snapshotId', RECORD_LIMITS.idCharsMax),
    endpoint: fields.endpoint('endpoint'),
    blockSize: fields.integer('blockSize', 1, RECORD_LIMITS.blockSizeTokensMax),
    logId: fields.text('logId', RECORD_LIMITS.idCharsMax),
    logSequence: fields.integer('logSequence', 0, Number.MAX_SAFE_INTEGER),
    sources: fields.texts('sources', SOURCES_MAX, 4_096).flatMap((line) => readSource(line, fields.problems)),
    chunks: fields.texts('chunks', CHUNKS_MAX, 64).flatMap((line) => readChunk(line, fields.problems)),
  };
  const totalBytes = manifest.chunks.reduce((sum, { bytes }) => sum + bytes, 0);
  if (totalBytes > SNAPSHOT_LIMITS.totalBytesMax)
    fields.problems.push(`chunks must have at most ${SNAPSHOT_LIMITS.totalBytesMax} bytes in all`);
  return fields.problems.length === 0
    ? { kind: 'manifest', manifest }
    : malformed(fields.problems.slice(0, 3).join('; '));
}

function readSource(line: string, problems: string[]): SnapshotSource[] {
  const fields = JsonFields.parse(line);
  if (fields === null) {
    problems.push('a source is no JSON object');
    return [];
  }
  const read: SnapshotSource = {
    source: {
      workerId: workerId(fields.text('workerId', RECORD_LIMITS.idCharsMax)),
      incarnation: incarnation(fields.text('incarnation', RECORD_LIMITS.idCharsMax)),
      rank: fields.integer('rank', 0, RECORD_LIMITS.rankMax),
    },
    batchNumber: fields.integer('batchNumber', 0, Number.MAX_SAFE_INTEGER),
    blockCount: fields.integer('blockCount', 0, RECORD_LIMITS.kvBlocksMax),
  };
  problems.push(...fields.problems);
  return [read];
}

function readChunk(line: string, problems: string[]): { bytes: number; checksum: string }[] {
  const [, bytes, checksum] = /^(\d{1,15}):([0-9a-f]{16})$/.exec(line) ?? [];
  if (bytes !== undefined && checksum !== undefined && Number(bytes) <= SNAPSHOT_LIMITS.chunkBytesMax)
    return [{ bytes: Number(bytes), checksum }];
  problems.push(`a chunk must be bytes:checksum, received "${line}"`);
  return [];
}

const textEncoder = new TextEncoder();
const checksumOfText = (text: string): string => snapshotChecksum(textEncoder.encode(text));
const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
