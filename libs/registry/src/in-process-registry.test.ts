import { VirtualClock } from '@kvasir/testkit';
import { routerId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { InProcessRegistry } from './in-process-registry.js';
import type { Registry } from './registry.js';
import { endpoint, held, life, pool, worker } from './testing/harness.js';
import { registryContract } from './testing/index.js';

registryContract('InProcessRegistry', () => {
  const clock = new VirtualClock();
  const first = new InProcessRegistry({ clock });
  const connections: Registry[] = [];
  return Promise.resolve({
    connect: () => {
      const connection = first.connect();
      connections.push(connection);
      return Promise.resolve(connection);
    },
    advance: (durationMs) => clock.advanceAsync(durationMs),
    close: async () => {
      for (const connection of connections) await connection.close();
      // Abandoned records wait for their deadlines.
      await clock.advanceAsync(10_000);
      expect(clock.pendingTimerCount).toBe(0);
    },
  });
});

const LEASE_MS = 600;

/** A registry whose timers can be held up, as a process that does not get to run would. */
function stalling(): {
  registry: InProcessRegistry;
  clock: VirtualClock;
  stall: (what: 'renewals' | 'everything', durationMs: number) => Promise<void>;
} {
  const clock = new VirtualClock();
  let stalled: 'nothing' | 'renewals' | 'everything' = 'nothing';
  const registry = new InProcessRegistry({
    clock: {
      nowMs: () => clock.nowMs(),
      after: (delayMs, callback) =>
        clock.after(delayMs, () => {
          if (stalled !== 'everything') callback();
        }),
      every: (periodMs, callback) =>
        clock.every(periodMs, () => {
          if (stalled === 'nothing') callback();
        }),
    },
  });
  const stall = async (what: 'renewals' | 'everything', durationMs: number): Promise<void> => {
    stalled = what;
    await clock.advanceAsync(durationMs);
    stalled = 'nothing';
  };
  return { registry, clock, stall };
}

describe('InProcessRegistry', () => {
  it('drops a record at its deadline, and not a millisecond before', async () => {
    const clock = new VirtualClock();
    const registry = new InProcessRegistry({ clock });
    const lease = held(await registry.registerWorker(worker('w1'), LEASE_MS));
    await clock.advanceAsync(LEASE_MS / 2);
    // Renewed after 200 ms.
    lease.abandon();
    const watch = registry.watch(endpoint, () => undefined);
    await clock.advanceAsync(499);
    expect(watch.view().workers).toHaveLength(1);
    await clock.advanceAsync(1);
    expect(watch.view().workers).toHaveLength(0);
  });

  it('takes a stalled owner back when its place is free', async () => {
    const { registry, stall, clock } = stalling();
    const lease = held(await registry.registerWorker(worker('w1'), LEASE_MS));
    await stall('renewals', LEASE_MS);
    const watch = registry.watch(endpoint, () => undefined);
    expect(watch.view().workers).toHaveLength(0);
    await clock.advanceAsync(LEASE_MS);
    expect(watch.view().workers).toHaveLength(1);
    expect(lease.state()).toEqual({ kind: 'held' });
  });

  it('tells a stalled owner that its pool has been taken by others', async () => {
    const { registry, stall, clock } = stalling();
    const lease = held(await registry.registerWorker(worker('w1'), LEASE_MS));
    await stall('renewals', LEASE_MS);
    held(await registry.registerWorker(worker('w2', { blockSize: 16 }), LEASE_MS));
    await clock.advanceAsync(LEASE_MS);
    expect(lease.state()).toMatchObject({ kind: 'lost', code: 'REGISTRY_BLOCK_SIZE_MISMATCH' });
    expect(await lease.update(worker('w1'))).toEqual({ kind: 'notHeld' });
  });

  it('gives members that are past their deadline no say over a newcomer', async () => {
    const { registry, stall } = stalling();
    const lease = held(await registry.registerWorker(worker('w1'), LEASE_MS));
    const watch = registry.watch(endpoint, () => undefined);
    await stall('everything', LEASE_MS);
    expect(watch.view().workers).toHaveLength(1);
    held(await registry.registerWorker(worker('w2', { blockSize: 16 }), LEASE_MS));
    expect(watch.view().workers).toMatchObject([{ workerId: 'w2' }]);
    expect(lease.state()).toEqual({ kind: 'held' });
  });

  it('holds no more records at one endpoint than it may', async () => {
    const registry = new InProcessRegistry({
      clock: new VirtualClock(),
      limits: { recordsPerEndpointMax: 2 },
    });
    held(await registry.registerWorker(worker('w1'), LEASE_MS));
    expect((await registry.claimPool(pool(64), routerId('r1'), LEASE_MS)).kind).toBe('claimed');
    expect(await registry.registerWorker(worker('w2'), LEASE_MS)).toMatchObject({
      kind: 'refused',
      code: 'REGISTRY_FULL',
    });
    // Who is there already may take its own place.
    held(await registry.registerWorker(worker('w1', { incarnation: life(2_000) }), LEASE_MS));
  });

  it('reports a watch that throws', async () => {
    const errors: unknown[] = [];
    const registry = new InProcessRegistry({
      clock: new VirtualClock(),
      onWatchFailed: (error) => errors.push(error),
    });
    const bug = new Error('a bug');
    registry.watch(endpoint, () => {
      throw bug;
    });
    await Promise.resolve();
    expect(errors).toEqual([bug]);
  });

  it('hands over only the newest of several changes in one go', async () => {
    const registry = new InProcessRegistry({ clock: new VirtualClock() });
    const sizes: number[] = [];
    registry.watch(endpoint, ({ workers }) => sizes.push(workers.length));
    const registering = ['w1', 'w2', 'w3'].map((name) => registry.registerWorker(worker(name), LEASE_MS));
    await Promise.all(registering);
    expect(sizes).toEqual([3]);
  });
});
