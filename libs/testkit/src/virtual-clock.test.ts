import { describe, expect, it } from 'vitest';
import { VirtualClock } from './virtual-clock.js';

describe('VirtualClock', () => {
  it('advance() fires timers in order of time, then of setting', () => {
    const clock = new VirtualClock(100);
    const fired: string[] = [];
    clock.after(20, () => fired.push(`late@${clock.nowMs()}`));
    clock.after(10, () => fired.push(`first@${clock.nowMs()}`));
    clock.after(10, () => fired.push(`second@${clock.nowMs()}`));
    clock.advance(15);
    expect(fired).toEqual(['first@110', 'second@110']);
    expect(clock.nowMs()).toBe(115);
    clock.advance(5);
    expect(fired.at(-1)).toBe('late@120');
  });

  it('advance() fires timers that callbacks set on the way', () => {
    const clock = new VirtualClock();
    const firedAtMs: number[] = [];
    clock.after(10, () => clock.after(10, () => firedAtMs.push(clock.nowMs())));
    clock.advance(19);
    expect(firedAtMs).toEqual([]);
    clock.advance(1);
    expect(firedAtMs).toEqual([20]);
  });

  it('every() repeats until cancelled, also from its own callback', () => {
    const clock = new VirtualClock();
    const firedAtMs: number[] = [];
    const cancel = clock.every(10, () => {
      firedAtMs.push(clock.nowMs());
      if (firedAtMs.length === 3) cancel();
    });
    clock.advance(100);
    expect(firedAtMs).toEqual([10, 20, 30]);
    expect(clock.pendingTimerCount).toBe(0);
  });

  it('after() forgets a cancelled timer and takes a negative delay as none', () => {
    const clock = new VirtualClock();
    let count = 0;
    const cancel = clock.after(5, () => (count += 1));
    cancel();
    cancel();
    clock.after(-3, () => (count += 10));
    expect(count).toBe(0);
    clock.advance(5);
    expect(count).toBe(10);
  });

  it('advanceAsync() lets awaiting code set its next timer', async () => {
    const clock = new VirtualClock();
    const wait = (delayMs: number): Promise<void> =>
      new Promise((resolve) => {
        clock.after(delayMs, resolve);
      });
    const reachedAtMs: number[] = [];
    const run = (async () => {
      for (let step = 0; step < 3; step += 1) {
        await wait(10);
        reachedAtMs.push(clock.nowMs());
      }
    })();
    await clock.advanceAsync(30);
    await run;
    expect(reachedAtMs).toEqual([10, 20, 30]);
  });

  it('refuses to go back, to repeat without a period and to loop for ever', () => {
    const clock = new VirtualClock();
    expect(() => clock.advance(-1)).toThrow(RangeError);
    expect(() => clock.every(0, () => undefined)).toThrow(RangeError);
    const again = (): void => {
      clock.after(0, again);
    };
    again();
    expect(() => clock.advance(1)).toThrow(/more than/);
  });
});
