import { requestId, workerId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { HEALTH_OPTIONS_DEFAULT } from './health-options.js';
import type { Leg, LegEnd } from './messages.js';
import type { OutcomeCode } from './outcomes.js';
import { PoolHealth } from './pool-health.js';

const failed = (code: OutcomeCode, retryAfterMs: number | null = null): LegEnd => ({
  kind: 'failed',
  code,
  retryAfterMs,
});

function pool(count: number) {
  const ids = Array.from({ length: count }, (_, index) => workerId(`w${index}`));
  const health = new PoolHealth(HEALTH_OPTIONS_DEFAULT);
  for (const id of ids) health.join(id, 0);
  const send = (worker: number, request: string, nowMs = 0): Leg => {
    const leg = {
      workerId: workerId(`w${worker}`),
      requestId: requestId(request),
      sentMs: nowMs,
      patienceMs: 0,
      hasAnswered: false,
    };
    health.sent(leg);
    return leg;
  };
  const run = (worker: number, request: string, end: LegEnd, nowMs = 0) =>
    health.ended(send(worker, request, nowMs), end, nowMs);
  return { health, send, run, passedOver: () => [...health.passedOver(ids)].sort() };
}

describe('PoolHealth', () => {
  it('needs two requests that failed, and half of all', () => {
    const { run, passedOver } = pool(4);
    for (let times = 0; times < 5; times += 1) run(0, 'same', failed('ENGINE_DISCONNECTED'));
    expect(passedOver()).toEqual([]);
    for (let index = 0; index < 3; index += 1) run(1, `ok${index}`, { kind: 'succeeded' });
    run(1, 'a', failed('ENGINE_ERROR_STATUS'));
    expect(run(1, 'b', failed('ENGINE_ERROR_STATUS'))).toEqual([]);
    expect(run(0, 'other', failed('ENGINE_DISCONNECTED'))).toMatchObject([
      { kind: 'setAside', reason: 'failures', coolDownMs: 1_000 },
    ]);
    expect(passedOver()).toEqual(['w0']);
  });

  it('counts nothing of what clients are at fault for, or that we gave up', () => {
    const { run, health } = pool(1);
    for (const code of [
      'ENGINE_REFUSED',
      'ENGINE_UNAUTHORIZED',
      'ENGINE_GONE',
      'ENGINE_ANSWER_TOO_LARGE',
    ] as const)
      for (const request of ['a', 'b', 'c']) expect(run(0, request, failed(code))).toEqual([]);
    run(0, 'd', { kind: 'givenUp' });
    expect(health.distrustedCount).toBe(0);
  });

  it('tries again after a cool-down that doubles up to its maximum, and trusts whoever answers', () => {
    const { health, run } = pool(2);
    run(0, 'a', failed('ENGINE_UNREACHABLE'));
    let nowMs = 0;
    const coolDowns: number[] = [];
    for (let times = 0; times < 8; times += 1) {
      while (!health.tick(nowMs).some(({ kind }) => kind === 'probe')) nowMs += 500;
      const [effect] = health.probed(workerId('w0'), false, nowMs);
      if (effect?.kind === 'setAside') coolDowns.push(effect.coolDownMs);
    }
    expect(coolDowns).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    while (!health.tick(nowMs).some(({ kind }) => kind === 'probe')) nowMs += 500;
    expect(health.probed(workerId('w0'), true, nowMs)).toEqual([{ kind: 'trusted', workerId: 'w0' }]);
  });

  it('passes over the worst, up to the share, and nobody of a pool of one', () => {
    const one = pool(1);
    one.run(0, 'a', failed('ENGINE_UNREACHABLE'));
    expect(one.passedOver()).toEqual([]);
    const { run, passedOver } = pool(3);
    run(0, 'a', failed('ENGINE_ERROR_STATUS'));
    run(0, 'b', failed('ENGINE_ERROR_STATUS'));
    expect(passedOver()).toEqual(['w0']);
    run(1, 'c', failed('ENGINE_UNREACHABLE'));
    expect(passedOver()).toEqual(['w1']);
  });

  it('tries whoever is silent while others answer, and excuses it for longer each time that it is well', () => {
    const { health, send, run } = pool(2);
    send(0, 'q');
    for (let index = 0; index < 4; index += 1) run(1, `b${index}`, { kind: 'succeeded' }, 100);
    expect(health.tick(1_900)).toEqual([]);
    expect(health.tick(2_000).map(({ kind }) => kind)).toEqual(['setAside', 'probe']);
    health.probed(workerId('w0'), true, 2_100);
    for (let index = 0; index < 4; index += 1) run(1, `c${index}`, { kind: 'succeeded' }, 2_200);
    expect(health.tick(6_000)).toEqual([]);
    expect(health.tick(6_100).map(({ kind }) => kind)).toEqual(['setAside', 'probe']);
    expect(health.probed(workerId('w0'), false, 11_000).map(({ kind }) => kind)).toEqual([
      'setAside',
      'waitsInVain',
    ]);
  });

  it('passes over who has no room for as long as it says, unless all have none', () => {
    const { health, run, passedOver } = pool(2);
    run(0, 'a', failed('ENGINE_OVERLOADED', 17_000));
    expect(passedOver()).toEqual(['w0']);
    run(1, 'b', failed('ENGINE_OVERLOADED', 5_000));
    expect(passedOver()).toEqual([]);
    expect(health.tick(5_000)).toEqual([{ kind: 'roomAgain', workerId: 'w1' }]);
    expect(passedOver()).toEqual(['w0']);
    expect(health.tick(17_000)).toEqual([{ kind: 'roomAgain', workerId: 'w0' }]);
  });
});
