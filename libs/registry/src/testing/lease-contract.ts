import { describe, expect, it } from 'vitest';
import { endpoint, held, LEASE_MS, router, worker, type RegistriesUnderTest } from './harness.js';
import { ViewLog } from './view-log.js';

/** Tests of how long records live and who may change them. */
export function leaseContract(get: () => RegistriesUnderTest): void {
  describe('leases', () => {
    life(get);
    updates(get);
    endings(get);
  });
}

function life(get: () => RegistriesUnderTest): void {
  it('keep records for as long as their owners live', async () => {
    const { owner, consumer, harness } = get();
    const log = new ViewLog(consumer, endpoint);
    const lease = held(await owner.registerWorker(worker('w1'), LEASE_MS));
    held(await owner.registerRouter(router('r1'), LEASE_MS));
    await log.reaches('w1 r1; kvasir-mock by 64');
    for (let period = 0; period < 5; period += 1) await harness.advance(LEASE_MS);
    await log.reaches('w1 r1; kvasir-mock by 64');
    expect(lease.state()).toEqual({ kind: 'held' });
    expect(log.told.filter((view) => view.startsWith('nobody')).length).toBeLessThanOrEqual(1);
  });

  it('drop a record when its owner has died, not before its deadline', async () => {
    const { owner, consumer, harness } = get();
    const log = new ViewLog(consumer, endpoint);
    const dying = held(await owner.registerWorker(worker('w1'), LEASE_MS));
    held(await owner.registerWorker(worker('w2'), LEASE_MS));
    await log.reaches('w1 w2; kvasir-mock by 64');
    dying.abandon();
    expect(dying.state()).toEqual({ kind: 'abandoned' });
    await harness.advance(LEASE_MS / 3);
    expect(log.view.workers).toHaveLength(2);
    await harness.advance(LEASE_MS);
    await log.reaches('w2; kvasir-mock by 64');
  });

  it('leave a record for as long as they are told to, for the next owner', async () => {
    const { owner, consumer, harness } = get();
    const log = new ViewLog(consumer, endpoint);
    const leaving = held(await owner.registerWorker(worker('w1'), LEASE_MS));
    held(await owner.registerWorker(worker('w2'), LEASE_MS));
    await log.reaches('w1 w2; kvasir-mock by 64');
    await leaving.leave(LEASE_MS * 3);
    expect(leaving.state()).toEqual({ kind: 'abandoned' });
    expect(await leaving.update(worker('w1'))).toEqual({ kind: 'notHeld' });
    await harness.advance(LEASE_MS * 2);
    expect(log.view.workers).toHaveLength(2);
    const next = held(await consumer.registerWorker(worker('w1'), LEASE_MS));
    await harness.advance(LEASE_MS * 2);
    expect(log.view.workers).toHaveLength(2);
    await next.leave(LEASE_MS);
    await harness.advance(LEASE_MS * 2);
    await log.reaches('w2; kvasir-mock by 64');
  });

  it('need a duration', async () => {
    const { owner } = get();
    for (const leaseMs of [0, -1, Number.NaN, Infinity])
      await expect(owner.registerWorker(worker('w1'), leaseMs)).rejects.toThrow(RangeError);
  });
}

function updates(get: () => RegistriesUnderTest): void {
  it('carry changes of a record, such as a drain', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    const lease = held(await owner.registerWorker(worker('w1'), LEASE_MS));
    const routerLease = held(await owner.registerRouter(router('r1'), LEASE_MS));
    await log.reaches('w1 r1; kvasir-mock by 64');
    expect(await lease.update(worker('w1', { isDraining: true, taints: ['zone=a'] }))).toEqual({
      kind: 'updated',
    });
    expect(await routerLease.update(router('r1', { isDraining: true }))).toEqual({ kind: 'updated' });
    await log.reaches('(w1) (r1); kvasir-mock by 64');
    expect(log.view.workers[0]).toMatchObject({ taints: ['zone=a'] });
  });

  it('carry no change of what a record is, nor a field out of its range', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    const lease = held(await owner.registerWorker(worker('w1'), LEASE_MS));
    const wrongs = [
      worker('w2'),
      worker('w1', { blockSize: 32 }),
      worker('w1', { model: 'another' }),
      worker('w1', { url: 'nowhere' }),
    ];
    for (const wrong of wrongs)
      expect(await lease.update(wrong)).toMatchObject({ kind: 'refused', code: 'REGISTRY_INVALID_RECORD' });
    await log.reaches('w1; kvasir-mock by 64');
    expect(log.view.workers).toEqual([worker('w1')]);
  });
}

function endings(get: () => RegistriesUnderTest): void {
  it('release a record at once, and may be released again', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    const lease = held(await owner.registerWorker(worker('w1'), LEASE_MS));
    await log.reaches('w1; kvasir-mock by 64');
    await lease.release();
    await lease.release();
    await log.reaches('nobody; no pool');
    expect(lease.state()).toEqual({ kind: 'released' });
    expect(await lease.update(worker('w1'))).toEqual({ kind: 'notHeld' });
    expect(log.view.workers).toEqual([]);
  });

  it('are all released when their registry closes, those of others stay', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    const lease = held(await owner.registerWorker(worker('w1'), LEASE_MS));
    held(await consumer.registerWorker(worker('w2'), LEASE_MS));
    await log.reaches('w1 w2; kvasir-mock by 64');
    await owner.close();
    await log.reaches('w2; kvasir-mock by 64');
    expect(lease.state().kind).toBe('released');
  });
}
