import { VirtualClock } from '@kvasir/testkit';
import { describe, expect, it } from 'vitest';
import { BookingDrain } from './booking-drain.js';

describe('BookingDrain', () => {
  it('is finished at once when nothing is booked', async () => {
    expect(await new BookingDrain(() => 0, new VirtualClock()).finished(1_000)).toBe(0);
  });

  it('waits for the last booking, and leaves no timer behind', async () => {
    const clock = new VirtualClock();
    let count = 2;
    const drain = new BookingDrain(() => count, clock);
    drain.changed();
    const finished = drain.finished(1_000);
    count = 1;
    drain.changed();
    expect(clock.pendingTimerCount).toBe(1);
    count = 0;
    drain.changed();
    expect(await finished).toBe(0);
    expect(clock.pendingTimerCount).toBe(0);
    drain.changed();
  });

  it('says how many are left at the deadline', async () => {
    const clock = new VirtualClock();
    const finished = new BookingDrain(() => 3, clock).finished(1_000);
    clock.advance(1_000);
    expect(await finished).toBe(3);
  });
});
