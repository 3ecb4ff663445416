import { VirtualClock } from '@kvasir/testkit';
import { describe, expect, it } from 'vitest';
import type { PlaneTrouble } from './event-plane.js';
import { InProcessEventPlane } from './in-process-event-plane.js';
import { eventPlaneContract } from './testing/index.js';

eventPlaneContract('InProcessEventPlane', () => {
  const clock = new VirtualClock();
  const troubled: ((trouble: PlaneTrouble) => void)[] = [];
  const plane = new InProcessEventPlane({
    clock,
    onTrouble: (trouble) => troubled.forEach((report) => report(trouble)),
  });
  return Promise.resolve({
    connect: (onTrouble) => {
      if (onTrouble !== undefined) troubled.push(onTrouble);
      return Promise.resolve(plane);
    },
    advance: (durationMs) => clock.advanceAsync(durationMs),
    close: () => plane.close(),
  });
});

const byte = (value: number): Uint8Array => Uint8Array.of(value);

describe('InProcessEventPlane', () => {
  it('drops the newest beyond its limit, counts them, and reports once until it has caught up', async () => {
    const troubles: PlaneTrouble[] = [];
    const plane = new InProcessEventPlane({
      clock: new VirtualClock(),
      limits: { pendingMessagesMax: 3 },
      onTrouble: (trouble) => troubles.push(trouble),
    });
    const received: (number | undefined)[] = [];
    const subscription = plane.subscribe('a.*', ({ payload }) => received.push(payload[0]));
    for (let value = 0; value < 6; value += 1) plane.publish('a.b', byte(value));
    expect(subscription).toMatchObject({ pendingMessages: 3, droppedMessages: 3 });
    await plane.flush();
    expect(received).toEqual([0, 1, 2]);
    expect(troubles).toEqual([{ kind: 'slowConsumer', pattern: 'a.*', pendingMessages: 3 }]);

    for (let value = 6; value < 10; value += 1) plane.publish('a.b', byte(value));
    await plane.flush();
    expect(received).toEqual([0, 1, 2, 6, 7, 8]);
    expect(subscription.droppedMessages).toBe(4);
    expect(troubles).toHaveLength(2);
  });

  it('does not let a slow subscription cost another one its messages', async () => {
    const plane = new InProcessEventPlane({ clock: new VirtualClock(), limits: { pendingMessagesMax: 2 } });
    const counts = { all: 0, some: 0 };
    plane.subscribe('>', () => (counts.all += 1));
    plane.subscribe('b', () => (counts.some += 1));
    for (const subject of ['a', 'a', 'b', 'b']) plane.publish(subject, byte(0));
    await plane.flush();
    expect(counts).toEqual({ all: 2, some: 2 });
  });

  it('lets the event loop have its turn within a burst', async () => {
    const plane = new InProcessEventPlane({ clock: new VirtualClock() });
    let received = 0;
    plane.subscribe('a', () => (received += 1));
    for (let value = 0; value < 5_000; value += 1) plane.publish('a', byte(0));
    const receivedAtTurn = await new Promise<number>((resolve) => {
      setImmediate(() => resolve(received));
    });
    expect(receivedAtTurn).toBeLessThan(5_000);
    await plane.flush();
    expect(received).toBe(5_000);
  });

  it('refuses a second server of a subject, until the first has ended', () => {
    const plane = new InProcessEventPlane({ clock: new VirtualClock() });
    const answer = async function* (): AsyncGenerator<Uint8Array> {
      await Promise.resolve();
      yield byte(0);
    };
    const serving = plane.serve('a', answer);
    expect(() => plane.serve('a', answer)).toThrow(TypeError);
    serving.unsubscribe();
    expect(() => plane.serve('a', answer)).not.toThrow();
  });

  it('leaves no timer behind a request', async () => {
    const clock = new VirtualClock();
    const plane = new InProcessEventPlane({ clock });
    plane.serve('a', async function* () {
      await Promise.resolve();
      yield byte(1);
      yield byte(2);
    });
    for await (const chunk of plane.request('a', byte(0), 1_000)) expect(chunk).toHaveLength(1);
    expect(clock.pendingTimerCount).toBe(0);
  });
});
