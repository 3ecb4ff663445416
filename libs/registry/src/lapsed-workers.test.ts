import { VirtualClock } from '@kvasir/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LapsedWorkers } from './lapsed-workers.js';
import { worker } from './testing/harness.js';

const w1 = worker('w1');

describe('LapsedWorkers', () => {
  let clock: VirtualClock;
  let lapsed: LapsedWorkers;
  let isThere: boolean;
  let asked: number;
  let kept: number;
  let changes: number;

  beforeEach(() => {
    clock = new VirtualClock(100_000);
    isThere = true;
    asked = kept = changes = 0;
    lapsed = new LapsedWorkers({
      clock,
      keepMs: 60_000,
      stillAnswers: async () => {
        asked += 1;
        await new Promise<void>((resolve) => clock.after(50, resolve));
        return isThere;
      },
      kept: () => (kept += 1),
      changed: () => (changes += 1),
    });
  });
  afterEach(async () => {
    lapsed.close();
    await clock.advanceAsync(60);
    expect(clock.pendingTimerCount).toBe(0);
  });

  it('keeps a worker that was there while it is asked, and for as long as it answers, up to its limit', async () => {
    expect(lapsed.keeps(w1, 100_000, true)).toBe(true);
    await clock.advanceAsync(30_000);
    expect(lapsed.keeps(w1, 100_000, true)).toBe(true);
    expect({ kept, changes }).toEqual({ kept: 1, changes: 1 });
    expect(asked).toBeGreaterThan(25);
    await clock.advanceAsync(31_000);
    expect(lapsed.keeps(w1, 100_000, true)).toBe(false);
    expect(changes).toBe(2);
  });

  it('gives a worker up that does not answer, as soon as that is known', async () => {
    isThere = false;
    expect(lapsed.keeps(w1, 100_000, true)).toBe(true);
    await clock.advanceAsync(100);
    expect(changes).toBe(1);
    expect(lapsed.keeps(w1, 100_000, true)).toBe(false);
    expect(kept).toBe(0);
  });

  it('notices that a kept worker dies, and that it is back', async () => {
    lapsed.keeps(w1, 100_000, true);
    await clock.advanceAsync(5_000);
    isThere = false;
    await clock.advanceAsync(2_000);
    expect(lapsed.keeps(w1, 100_000, true)).toBe(false);
    isThere = true;
    await clock.advanceAsync(2_000);
    expect(lapsed.keeps(w1, 100_000, false)).toBe(true);
  });

  it('shows a worker that nobody has seen alive only once it answers', async () => {
    expect(lapsed.keeps(w1, 90_000, false)).toBe(false);
    await clock.advanceAsync(100);
    expect(changes).toBe(1);
    expect(lapsed.keeps(w1, 90_000, false)).toBe(true);
  });

  it('keeps everybody at once for whoever does not want to ask', () => {
    const all = new LapsedWorkers({
      ...{ clock, keepMs: 60_000, kept: () => undefined, changed: () => undefined },
      stillAnswers: () => true,
    });
    expect(all.keeps(w1, 90_000, false)).toBe(true);
    expect(all.keeps(w1, 40_000, false)).toBe(false);
    all.close();
  });

  it('asks anew when a lease lapses again', async () => {
    lapsed.keeps(w1, 100_000, true);
    await clock.advanceAsync(100);
    lapsed.forget('w1');
    await clock.advanceAsync(10_000);
    const before = asked;
    isThere = false;
    expect(lapsed.keeps(w1, 110_000, true)).toBe(true);
    expect(asked).toBe(before + 1);
    await clock.advanceAsync(100);
    expect(lapsed.keeps(w1, 110_000, true)).toBe(false);
  });
});
