import { createSecretKey } from 'node:crypto';
import { decodeKvMessage, encodeKvEventBatch, MessageSeal } from '@kvasir/contract';
import { RadixIndex } from '@kvasir/radix-index';
import { incarnation, seededPrng, workerId } from '@kvasir/units';
import { timeEach } from './measure.js';
import { figure } from './report.js';
import type { Suite } from './report.js';

/** A batch as full as it gets, and one as it mostly is. */
const BLOCKS_MAX = 2_048;
const BLOCKS_USUAL = 16;
/** Of what it costs to take the batch in. */
const SHARE_MAX = 0.25;
const SUBJECT = 'publish kvasir.v1.kvasir.bench.generate.kv.w1.0';

/** What a seal costs beside what happens to the message anyway: decoding and the index. */
export const sealSuite: Suite = {
  name: 'seals of the planes',
  run(note) {
    const key = createSecretKey(Buffer.alloc(64, 7));
    const seal = new MessageSeal(() => [key]);
    const full = measured(seal, BLOCKS_MAX);
    const usual = measured(seal, BLOCKS_USUAL);
    for (const [blocks, { sealUs, openUs, takeUs }] of [
      [BLOCKS_MAX, full],
      [BLOCKS_USUAL, usual],
    ] as const)
      note(
        `${blocks} blocks: seal ${figure(sealUs)} µs, open ${figure(openUs)} µs, decode and apply ${figure(takeUs)} µs (open is ${figure((100 * openUs) / takeUs)} % of it)`,
      );
    return Promise.resolve([
      {
        work: `open the seal of a batch of ${BLOCKS_MAX} blocks`,
        budget: `≤ ${SHARE_MAX * 100} % of decoding and applying it`,
        measured: `${figure(full.openUs)} µs p50, ${figure((100 * full.openUs) / full.takeUs)} %`,
        isMet: full.openUs <= SHARE_MAX * full.takeUs,
      },
    ]);
  },
};

function measured(seal: MessageSeal, blocks: number): { sealUs: number; openUs: number; takeUs: number } {
  const prng = seededPrng(blocks);
  const hashes = Uint32Array.from({ length: blocks * 2 }, () => prng() * 2 ** 32);
  const batch = encodeKvEventBatch({
    ...{ workerId: workerId('w1'), incarnation: incarnation('1'), rank: 0, batchNumber: 1 },
    events: [{ kind: 'stored', parent: null, hashes }],
  });
  const sealed = seal.seal(SUBJECT, batch, 1);
  const index = new RadixIndex({ blockCountMax: 1_000_000 });
  const sealing = timeEach(4_000, 1_000, () => void seal.seal(SUBJECT, batch, 1));
  const opening = timeEach(4_000, 1_000, () => {
    if (seal.open(SUBJECT, sealed).kind !== 'opened') throw new Error('Cannot measure: the seal is wrong');
  });
  const taking = timeEach(1_000, 200, () => {
    const message = decodeKvMessage(batch);
    const [event] = message.kind === 'batch' ? message.batch.events : [];
    if (event?.kind !== 'stored') throw new Error('Cannot measure: the batch is none');
    index.applyStored(0, event.parent, event.hashes);
    index.applyRemoved(0, event.hashes);
  });
  // Stored and removed: half of it is one batch.
  return { sealUs: sealing.p50, openUs: opening.p50, takeUs: taking.p50 / 2 };
}
