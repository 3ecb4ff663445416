import {
  decodeEngineLoad,
  decodeKvEventBatch,
  decodeKvMessage,
  decodeKvRecoveryChunk,
  decodeKvRecoveryRequest,
  decodePeerLoads,
  decodePoolReport,
  encodeEngineLoad,
  encodeKvAnnouncement,
  encodeKvEventBatch,
  encodeKvRecoveryRequest,
  encodePeerLoads,
  encodePoolReport,
  encodeRecoveryEnd,
  encodeSnapshotChains,
  encodeSnapshotStart,
  KvEventWords,
  MessageSeal,
  WireHeader,
} from '@kvasir/contract';
import { routerId, workerId } from '@kvasir/units';
import type { Prng } from '@kvasir/units';
import { createSecretKey } from 'node:crypto';
import { mustEqual, mustHold } from '../fuzz-target.js';
import type { FuzzTarget } from '../fuzz-target.js';
import { below } from '../mutate.js';
import { kvEvent, plainText, source, words } from './random-values.js';

const batch = (prng: Prng) => ({
  ...source(prng),
  batchNumber: 1 + below(prng, 1e9),
  events: Array.from({ length: below(prng, 5) }, () => kvEvent(prng)),
});
const digest = (prng: Prng) => ({
  lo: below(prng, 2 ** 32),
  hi: below(prng, 2 ** 32),
  blockCount: below(prng, 1e6),
});

export const kvMessages: FuzzTarget = {
  name: 'kv-messages',
  shape: 'bytes',
  seeds: (prng) => [
    ...Array.from({ length: 6 }, () => encodeKvEventBatch(batch(prng))),
    encodeKvAnnouncement(new WireHeader(source(prng)), 7),
    encodeKvAnnouncement(new WireHeader(source(prng)), 7, digest(prng)),
  ],
  run(input) {
    const message = decodeKvMessage(input);
    if (message.kind !== 'batch') return;
    const again = decodeKvEventBatch(encodeKvEventBatch(message.batch));
    mustEqual(again, message, 'a batch that was read');
  },
  roundTrip(prng) {
    const one = batch(prng);
    mustEqual(decodeKvEventBatch(encodeKvEventBatch(one)), { kind: 'batch', batch: one }, 'a batch');
  },
};

export const kvRecovery: FuzzTarget = {
  name: 'kv-recovery',
  shape: 'bytes',
  seeds(prng) {
    const header = new WireHeader(source(prng));
    const chains = new KvEventWords();
    for (let count = 0; count < 3; count += 1)
      chains.stored(prng() < 0.5 ? null : words(prng, 1), words(prng));
    return [
      encodeKvRecoveryRequest({ source: source(prng), want: { kind: 'snapshot' } }),
      encodeKvRecoveryRequest({ source: source(prng), want: { kind: 'batches', from: 5 } }),
      encodeSnapshotStart(header, 9, digest(prng)),
      encodeSnapshotChains(header, 9, chains),
      encodeRecoveryEnd(header, 9),
      encodeKvEventBatch(batch(prng)),
    ];
  },
  run(input) {
    decodeKvRecoveryChunk(input);
    const request = decodeKvRecoveryRequest(input);
    if (request.kind !== 'request') return;
    mustEqual(
      decodeKvRecoveryRequest(encodeKvRecoveryRequest(request.request)),
      request,
      'a request that was read',
    );
  },
};

export const engineLoads: FuzzTarget = {
  name: 'engine-loads',
  shape: 'bytes',
  seeds: (prng) => Array.from({ length: 4 }, () => encodeEngineLoad(engineLoad(prng))),
  run(input) {
    const reading = decodeEngineLoad(input);
    if (reading.kind === 'malformed') return;
    const { load } = reading.report;
    mustHold(
      [load.runningRequests, load.waitingRequests, load.kvUsage ?? 0].every(isAmount),
      'loads are amounts',
    );
  },
  roundTrip(prng) {
    const report = engineLoad(prng);
    mustEqual(decodeEngineLoad(encodeEngineLoad(report)), { kind: 'load', report }, 'a load');
  },
};

const engineLoad = (prng: Prng) => ({
  source: source(prng),
  load: {
    ...{ runningRequests: below(prng, 1e4), waitingRequests: below(prng, 1e4) },
    kvUsage: prng() < 0.3 ? null : below(prng, 101) / 100,
  },
});
const isAmount = (value: number): boolean => Number.isFinite(value) && value >= 0;

export const peerLoads: FuzzTarget = {
  name: 'peer-loads',
  shape: 'bytes',
  seeds: (prng) => Array.from({ length: 5 }, () => encodePeerLoads(peerMessage(prng))),
  run(input) {
    const message = decodePeerLoads(input);
    if (message.kind === 'malformed') return;
    for (const { prefillTokens, blocks, requests } of message.loads)
      mustHold([prefillTokens, blocks, requests].every(isAmount), 'loads are amounts');
  },
  roundTrip(prng) {
    const message = peerMessage(prng);
    mustEqual(decodePeerLoads(encodePeerLoads(message)), message, 'loads of a peer');
  },
};

const peerMessage = (prng: Prng) => ({
  kind: (['whole', 'changes', 'hello', 'bye'] as const)[below(prng, 2)] ?? 'hello',
  routerId: routerId(plainText(prng)),
  number: 1 + below(prng, 1e9),
  loads: Array.from({ length: below(prng, 4) }, (_, rank) => ({
    workerId: workerId(plainText(prng)),
    rank,
    prefillTokens: below(prng, 1e6),
    blocks: below(prng, 1e6),
    requests: below(prng, 1e3),
  })),
});

export const poolReports: FuzzTarget = {
  name: 'pool-reports',
  shape: 'bytes',
  seeds: (prng) => Array.from({ length: 4 }, () => encodePoolReport(poolReport(prng))),
  run(input) {
    const report = decodePoolReport(input);
    if ('kind' in report) return;
    mustHold(
      [report.requestsActive, report.workersReady, report.requestsMax ?? 0].every(isAmount),
      'counts are amounts',
    );
  },
  roundTrip(prng) {
    const report = poolReport(prng);
    mustEqual(decodePoolReport(encodePoolReport(report)), report, 'a report');
  },
};

const poolReport = (prng: Prng) => ({
  routerId: routerId(plainText(prng)),
  requestsActive: below(prng, 1e6),
  requestsMax: prng() < 0.3 ? null : below(prng, 1e6),
  workersReady: below(prng, 1e4),
  isSaturated: prng() < 0.5,
});

const seal = new MessageSeal(() => [createSecretKey(Buffer.alloc(32, 7))]);

export const seals: FuzzTarget = {
  name: 'seals',
  shape: 'bytes',
  seeds: (prng) => [seal.seal('a', encodeKvEventBatch(batch(prng)), 1), seal.seal('b', new Uint8Array(), 1)],
  run(input) {
    mustHold(seal.open('other', input).kind !== 'opened', 'nobody can make a seal by chance');
  },
  roundTrip(prng) {
    const payload = Uint8Array.from({ length: below(prng, 50) }, () => below(prng, 256));
    const opened = seal.open('a', seal.seal('a', payload, 5));
    mustHold(
      opened.kind === 'opened' && Buffer.from(opened.payload).equals(payload),
      'what was sealed opens',
    );
  },
};
