import { VirtualClock } from '@kvasir/testkit';
import { describe, expect, it } from 'vitest';
import { worker } from '../testing/harness.js';
import type { RedisEndpoint } from './redis-endpoint.js';
import { RedisLease } from './redis-lease.js';

describe('RedisLease', () => {
  it('keeps one renewal waiting, not one per turn, while Redis is silent', async () => {
    const clock = new VirtualClock(0);
    const answers: (() => void)[] = [];
    const renew = (): Promise<{ kind: 'ok' }> =>
      new Promise((resolve) => answers.push(() => resolve({ kind: 'ok' })));
    const lease = new RedisLease({
      endpoint: { renew } as unknown as RedisEndpoint,
      clock,
      entry: { kind: 'worker', record: worker('w1'), deadlineMs: 0 },
      token: 't',
      leaseMs: 3_000,
      put: () => Promise.resolve(null),
      changed: () => undefined,
      envelope: () => 'record',
      isForged: () => Promise.resolve(false),
    });
    const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 60; turn += 1) {
      clock.advance(1_000);
      await settle();
    }
    expect(answers).toHaveLength(1);
    answers[0]?.();
    await settle();
    expect(answers).toHaveLength(2);
    answers[1]?.();
    await settle();
    expect(answers).toHaveLength(2);
    expect(lease.state()).toEqual({ kind: 'held' });
    lease.abandon();
  });
});
