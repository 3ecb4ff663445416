import {
  decodeIndexSnapshotManifest,
  decodePoolRecord,
  decodeRouterRecord,
  decodeWorkerRecord,
  encodeIndexSnapshotManifest,
  encodePoolRecord,
  encodeRouterRecord,
  encodeWorkerRecord,
  IndexSnapshotWriter,
  readIndexSnapshotChunk,
  snapshotChecksum,
} from '@kvasir/contract';
import type { WorkerRecord } from '@kvasir/contract';
import { encodeEnvelope, readEnvelope } from '@kvasir/registry';
import { incarnation, routerId, workerId } from '@kvasir/units';
import type { Prng } from '@kvasir/units';
import { mustEqual, mustHold } from '../fuzz-target.js';
import type { FuzzTarget } from '../fuzz-target.js';
import { below } from '../mutate.js';
import { ENDPOINT, plainText, source, text, words } from './random-values.js';

const workerRecord = (prng: Prng): WorkerRecord => ({
  workerId: workerId(text(prng)),
  incarnation: incarnation(plainText(prng)),
  endpoint: ENDPOINT,
  url: 'http://10.0.0.1:8000',
  dialect: 'vllm',
  role: 'both',
  model: text(prng),
  contextTokensMax: 1 + below(prng, 1e6),
  tokenizerPath: prng() < 0.5 ? null : `/${text(prng)}`,
  blockSize: 16,
  ...{ rankStart: below(prng, 4), rankCount: 1 + below(prng, 4) },
  kvBlocksTotal: prng() < 0.5 ? null : 1 + below(prng, 1e6),
  batchedTokensMax: null,
  publishesKvEvents: prng() < 0.5,
  isDraining: prng() < 0.5,
  taints: Array.from({ length: below(prng, 3) }, () => plainText(prng)),
  loraNames: prng() < 0.5 ? null : [text(prng)],
});
const routerRecord = (prng: Prng) => ({
  ...{ routerId: routerId(plainText(prng)), endpoint: ENDPOINT, address: '10.0.0.1:9000' },
  ...{ pools: [ENDPOINT], isDraining: prng() < 0.5 },
});

export const records: FuzzTarget = {
  name: 'records',
  shape: 'json',
  seeds: (prng) =>
    [
      encodeWorkerRecord(workerRecord(prng)),
      encodeRouterRecord(routerRecord(prng)),
      encodePoolRecord({ endpoint: ENDPOINT, model: text(prng), blockSize: 16 }),
    ].map((record) => Buffer.from(record)),
  run(input) {
    const record = Buffer.from(input).toString();
    const worker = decodeWorkerRecord(record);
    if (worker.kind === 'record')
      mustEqual(decodeWorkerRecord(encodeWorkerRecord(worker.record)), worker, 'a worker that was read');
    const router = decodeRouterRecord(record);
    if (router.kind === 'record')
      mustEqual(decodeRouterRecord(encodeRouterRecord(router.record)), router, 'a router that was read');
    const pool = decodePoolRecord(record);
    if (pool.kind === 'record')
      mustEqual(decodePoolRecord(encodePoolRecord(pool.record)), pool, 'a pool that was read');
  },
  roundTrip(prng) {
    const record = workerRecord(prng);
    const reading = decodeWorkerRecord(encodeWorkerRecord(record));
    if (reading.kind !== 'record') throw new TypeError(`Cannot read back a record: ${reading.reason}`);
    for (const [name, value] of Object.entries(record))
      mustEqual(reading.record[name as keyof WorkerRecord], value, name);
  },
};

const TRUST = { seal: null, believesUnsealed: true };

export const redisValues: FuzzTarget = {
  name: 'redis-values',
  shape: 'json',
  seeds: (prng) =>
    Array.from({ length: 3 }, () => {
      const entry = { kind: 'worker', record: workerRecord(prng), deadlineMs: 0 } as const;
      return Buffer.from(encodeEnvelope(entry, 'token', null));
    }),
  run(input) {
    const reading = readEnvelope(
      { endpoint: ENDPOINT, id: 'w1', text: Buffer.from(input).toString() },
      TRUST,
    );
    if (reading.kind === 'bad') mustHold(reading.reason.length < 4_096, 'a reason is short');
  },
  roundTrip(prng) {
    const record = workerRecord(prng);
    const textOf = encodeEnvelope({ kind: 'worker', record, deadlineMs: 0 }, 'token', null);
    const reading = readEnvelope(
      { endpoint: ENDPOINT, id: `worker:${record.workerId}`, text: textOf },
      TRUST,
    );
    mustHold(reading.kind === 'entry' || reading.bad !== 'unreadable', 'what was written can be read');
  },
};

const manifest = (prng: Prng) => {
  const chunk = Uint8Array.from({ length: 16 }, () => below(prng, 256));
  return {
    ...{ snapshotId: plainText(prng), endpoint: ENDPOINT, blockSize: 16, logId: plainText(prng) },
    logSequence: below(prng, 1e9),
    sources: [{ source: source(prng), batchNumber: 1 + below(prng, 1e6), blockCount: below(prng, 1e6) }],
    chunks: [{ bytes: 16, checksum: snapshotChecksum(chunk) }],
  };
};

export const snapshotManifests: FuzzTarget = {
  name: 'snapshot-manifests',
  shape: 'text',
  seeds: (prng) => Array.from({ length: 3 }, () => Buffer.from(encodeIndexSnapshotManifest(manifest(prng)))),
  run(input) {
    // With a checksum of its own, or nothing behind it would ever be looked at.
    const body = Buffer.from(input).toString().slice(17);
    for (const line of [Buffer.from(input).toString(), `${snapshotChecksum(Buffer.from(body))} ${body}`]) {
      const reading = decodeIndexSnapshotManifest(line);
      if (reading.kind !== 'manifest') continue;
      const again = decodeIndexSnapshotManifest(encodeIndexSnapshotManifest(reading.manifest));
      mustEqual(again, reading, 'a manifest that was read');
    }
  },
  roundTrip(prng) {
    const one = manifest(prng);
    mustEqual(
      decodeIndexSnapshotManifest(encodeIndexSnapshotManifest(one)),
      { kind: 'manifest', manifest: one },
      'a manifest',
    );
  },
};

export const snapshotChunks: FuzzTarget = {
  name: 'snapshot-chunks',
  shape: 'bytes',
  seeds: (prng) => Array.from({ length: 3 }, () => chunksOf(chains(prng))[0] ?? new Uint8Array()),
  run(input) {
    for (const count of [0, 3, 0xffff_ffff]) {
      const reading = readIndexSnapshotChunk(input, count);
      if (reading.kind !== 'chains') continue;
      for (const { sourceIndex } of reading.chains)
        mustHold(sourceIndex < count, 'sources are those that are listed');
    }
  },
  roundTrip(prng) {
    const all = chains(prng);
    const read = chunksOf(all).flatMap((chunk) => {
      const reading = readIndexSnapshotChunk(chunk, 3);
      return reading.kind === 'chains' ? reading.chains : [];
    });
    mustEqual(read, all, 'chains of a snapshot');
  },
};

const chains = (prng: Prng) =>
  Array.from({ length: 1 + below(prng, 4) }, () => ({
    sourceIndex: below(prng, 3),
    chain: { parent: prng() < 0.5 ? null : words(prng, 1), hashes: words(prng) },
  }));

function chunksOf(all: ReturnType<typeof chains>): readonly Uint8Array[] {
  const writer = new IndexSnapshotWriter(65_536);
  for (const { sourceIndex, chain } of all) writer.append(sourceIndex, chain.parent, chain.hashes);
  return writer.finish();
}
