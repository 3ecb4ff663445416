import { PromptBlocks } from '@kvasir/block-hash';
import { requestId, routerId, seededPrng, workerId } from '@kvasir/units';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Scheduler, SCHEDULER_OPTIONS_DEFAULT } from '../index.js';
import { PEER_TARGETS_MAX } from './peer-loads.js';

const [peer, other] = [routerId('r1'), routerId('r2')];
const prompt = new PromptBlocks(new Uint32Array(64), 4);
const load = (amounts: Partial<Record<'prefillTokens' | 'blocks' | 'requests', number>>, worker = 'w1') => ({
  workerId: workerId(worker),
  rank: 0,
  ...{ prefillTokens: 0, blocks: 0, requests: 1 },
  ...amounts,
});

describe('loads of peers', () => {
  let scheduler: Scheduler;
  beforeEach(() => {
    scheduler = new Scheduler({ ...SCHEDULER_OPTIONS_DEFAULT, blockSize: 4 }, seededPrng(1));
    for (const worker of ['w1', 'w2'])
      scheduler.step({
        kind: 'targetAdded',
        target: { workerId: workerId(worker), rank: 0, taints: [] },
        isEligible: true,
      });
  });
  const chosen = (): string => {
    const [effect] = scheduler.step({ kind: 'route', requestId: null, prompt, nowMs: 0 });
    return effect?.kind === 'routed' ? effect.decision.workerId : 'nobody';
  };

  it.each([NaN, Infinity, -1, 1e300])('an amount of %d says nothing', (amount) => {
    for (const field of ['prefillTokens', 'blocks', 'requests'])
      scheduler.step({ kind: 'peerLoads', peer, loads: [load({ [field]: amount })], isWhole: true });
    expect(
      scheduler.loads().map(({ prefillTokens, blocks, requests }) => [prefillTokens, blocks, requests]),
    ).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(chosen()).toMatch(/^w[12]$/);
  });

  it('whatever peers said leaves nothing behind, and own bookings stay exact', () => {
    const amount = fc.double({ min: 0, max: 2 ** 41, noNaN: false });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), amount, amount, amount), { maxLength: 20 }), (said) => {
        scheduler.step({ kind: 'route', requestId: requestId('a'), prompt, nowMs: 0 });
        const before = scheduler.ownLoads();
        for (const [isOther, prefillTokens, blocks, requests] of said)
          scheduler.step({
            kind: 'peerLoads',
            peer: isOther ? other : peer,
            loads: [load({ prefillTokens, blocks, requests }), load({ blocks }, 'w2')],
            isWhole: isOther,
          });
        for (const { prefillTokens, blocks, requests } of scheduler.loads())
          expect([prefillTokens, blocks, requests].every(Number.isFinite)).toBe(true);
        expect(chosen()).toMatch(/^w[12]$/);
        expect(scheduler.ownLoads()).toEqual(before);
        for (const gone of [peer, other]) scheduler.step({ kind: 'peerGone', peer: gone });
        expect(scheduler.loads().filter(({ requests }) => requests !== 0)).toEqual(before);
        scheduler.step({ kind: 'freed', requestId: requestId('a') });
        expect(scheduler.loads().every(({ blocks, requests }) => blocks === 0 && requests === 0)).toBe(true);
      }),
    );
  });

  it('of a peer that names targets without end only so many are remembered', () => {
    for (let message = 0; message < 20; message += 1)
      scheduler.step({
        kind: 'peerLoads',
        peer,
        loads: Array.from({ length: 1_000 }, (_, index) => load({ blocks: 1 }, `x${message}-${index}`)),
        isWhole: false,
      });
    const added = (worker: string): number => {
      const target = { workerId: workerId(worker), rank: 0, taints: [] };
      scheduler.step({ kind: 'targetAdded', target, isEligible: true });
      return scheduler.loads().find(({ workerId: id }) => id === target.workerId)?.blocks ?? NaN;
    };
    expect(added('x0-0')).toBe(1);
    expect(added(`x${Math.floor(PEER_TARGETS_MAX / 1_000) + 1}-0`)).toBe(0);
  });
});
