import { WireHeader, type KvSource } from '@kvasir/contract';
import { incarnation, seededPrng, workerId } from '@kvasir/units';
import { bench, describe } from 'vitest';
import { KV_PUBLISHER_LIMITS, RankPublisher } from '../src/rank-publisher.js';
import { RecoveryAnswer } from '../src/recovery-answer.js';

/** Each call handles `BLOCKS` blocks in runs of `RUN`: ns per block = 1e9 / hz / BLOCKS. */
const BLOCKS = 65_536;
const RUN = 64;
const source: KvSource = { workerId: workerId('w1'), incarnation: incarnation('i1'), rank: 0 };
const prng = seededPrng(1);
const hashes = Uint32Array.from({ length: BLOCKS * 2 }, () => prng() * 2 ** 32);
const runs = Array.from({ length: BLOCKS / RUN }, (_, index) =>
  hashes.subarray(index * RUN * 2, (index + 1) * RUN * 2),
);

const plane = { send: () => undefined, payloadBytesMax: () => 1_048_576 };

const fill = (publisher: RankPublisher): void => {
  for (const run of runs) publisher.stored(null, run);
  publisher.flush();
};

describe(`${BLOCKS} blocks`, () => {
  const publisher = new RankPublisher(source, KV_PUBLISHER_LIMITS, plane);
  bench('store, batch and encode; then remove, batch and encode', () => {
    fill(publisher);
    for (const run of runs) publisher.removed(run);
    publisher.flush();
  });

  const full = new RankPublisher(source, KV_PUBLISHER_LIMITS, plane);
  fill(full);
  bench('make a snapshot of the whole set', () => {
    full.answer({ kind: 'snapshot' });
  });

  const { chunks } = full.answer({ kind: 'snapshot' });
  bench('read a snapshot', () => {
    const answer = new RecoveryAnswer(new WireHeader(source).source, BLOCKS);
    const steps = chunks.map((chunk) => answer.read(chunk).kind);
    if (steps.at(-1) !== 'snapshot') throw new Error('The snapshot cannot be read back');
  });
});
