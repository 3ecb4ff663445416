import { VirtualClock } from '@kvasir/testkit';
import { describe, expect, it } from 'vitest';
import { FaultSwitch, readFaultOrder } from './faults.js';

describe('readFaultOrder()', () => {
  it('reads each kind', () => {
    expect(readFaultOrder({ kind: 'hang', durationMs: 500 })).toEqual({
      kind: 'ok',
      fault: { kind: 'hang' },
      durationMs: 500,
    });
    expect(readFaultOrder({ kind: 'slow' })).toMatchObject({ fault: { kind: 'slow', factor: 10 } });
    expect(readFaultOrder({ kind: 'slow', factor: 3 })).toMatchObject({ fault: { factor: 3 } });
  });

  it.each([
    [{ kind: 'explode' }, /'kind' must be one of none, slow, hang, refuse, crash, received "explode"/],
    [null, /'kind' must be one of/],
    [{ kind: 'slow', factor: 0 }, /'factor' must be a number of at least 1, received 0/],
    [{ kind: 'hang', durationMs: 'long' }, /'durationMs' must be a number of ms above 0/],
    [{ kind: 'crash', durationMs: 5 }, /cannot be given with crash/],
  ])('refuses %j', (body, message) => {
    expect(readFaultOrder(body)).toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('FaultSwitch', () => {
  it('lets those who wait go on when the time of a hang is over', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const faults = new FaultSwitch(clock, (fault) => seen.push(fault.kind));
    await faults.responsive();
    faults.set({ kind: 'hang' }, 1000);
    const waiting = faults.responsive().then(() => seen.push('answered'));
    await clock.advanceAsync(999);
    expect(seen).toEqual(['hang']);
    await clock.advanceAsync(1);
    await waiting;
    expect(seen).toEqual(['hang', 'none', 'answered']);
  });

  it('forgets the end of an earlier fault', async () => {
    const clock = new VirtualClock();
    const faults = new FaultSwitch(clock, () => undefined);
    faults.set({ kind: 'refuse' }, 100);
    faults.set({ kind: 'refuse' }, null);
    await clock.advanceAsync(1000);
    expect(faults.fault.kind).toBe('refuse');
  });
});
