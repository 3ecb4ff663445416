import { incarnation } from '@kvasir/units';
import { describe, expect, it, vi } from 'vitest';
import {
  endpoint,
  held,
  LEASE_MS,
  life,
  otherEndpoint,
  worker,
  type RegistriesUnderTest,
} from './harness.js';
import { ViewLog } from './view-log.js';

/** Tests of what a dead incarnation can still do: nothing. */
export function fencingContract(get: () => RegistriesUnderTest): void {
  describe('incarnations', () => {
    successors(get);
    predecessors(get);
  });
}

function successors(get: () => RegistriesUnderTest): void {
  const first = worker('w1', { incarnation: life(1_000) });
  const second = worker('w1', { incarnation: life(2_000), url: 'http://127.0.0.1:9002' });

  it('a newer one takes the place of one whose lease still runs', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    const dead = held(await owner.registerWorker(first, LEASE_MS));
    held(await consumer.registerWorker(second, LEASE_MS));
    await log.reaches('w1; kvasir-mock by 64');
    await vi.waitFor(() => expect(log.view.workers).toEqual([second]));
    expect(await dead.update({ ...first, isDraining: true })).toEqual({ kind: 'notHeld' });
    await vi.waitFor(() => expect(dead.state()).toEqual({ kind: 'superseded', by: second.incarnation }));
  });

  it('a superseded one can neither change, release, nor outlive the record', async () => {
    const { owner, consumer, harness } = get();
    const log = new ViewLog(consumer, endpoint);
    const dead = held(await owner.registerWorker(first, LEASE_MS));
    const living = held(await consumer.registerWorker(second, LEASE_MS));
    await dead.release();
    await harness.advance(2 * LEASE_MS);
    await log.reaches('w1; kvasir-mock by 64');
    await vi.waitFor(() => expect(log.view.workers).toEqual([second]));
    expect(living.state()).toEqual({ kind: 'held' });
    living.abandon();
    await harness.advance(2 * LEASE_MS);
    await log.reaches('nobody; no pool');
  });

  it('a newer one may differ from the one before in block size and model when it is alone', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    held(await owner.registerWorker(first, LEASE_MS));
    held(await consumer.registerWorker({ ...second, blockSize: 32, model: 'another' }, LEASE_MS));
    await log.reaches('w1; another by 32');
  });
}

function predecessors(get: () => RegistriesUnderTest): void {
  it('an older one that comes late is refused', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    const newer = worker('w1', { incarnation: life(2_000) });
    held(await owner.registerWorker(newer, LEASE_MS));
    const outcome = await consumer.registerWorker(worker('w1', { incarnation: life(1_000) }), LEASE_MS);
    expect(outcome).toMatchObject({ kind: 'refused', code: 'REGISTRY_SUPERSEDED' });
    if (outcome.kind === 'refused')
      for (const named of [life(1_000), life(2_000)]) expect(outcome.message).toContain(named);
    await log.reaches('w1; kvasir-mock by 64');
    await vi.waitFor(() => expect(log.view.workers).toEqual([newer]));
  });

  it('of two that cannot be ordered the later registration holds', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    const before = held(
      await owner.registerWorker(worker('w1', { incarnation: incarnation('b') }), LEASE_MS),
    );
    held(await consumer.registerWorker(worker('w1', { incarnation: incarnation('a') }), LEASE_MS));
    await log.reaches('w1; kvasir-mock by 64');
    await vi.waitFor(() => expect(log.view.workers).toMatchObject([{ incarnation: 'a' }]));
    expect(await before.update(worker('w1', { incarnation: incarnation('b') }))).toEqual({ kind: 'notHeld' });
  });

  it('the same one may register again, and at another endpoint beside', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    const otherLog = new ViewLog(consumer, otherEndpoint);
    const before = held(await owner.registerWorker(worker('w1'), LEASE_MS));
    const again = held(await owner.registerWorker(worker('w1', { isDraining: true }), LEASE_MS));
    held(await owner.registerWorker(worker('w1', { endpoint: otherEndpoint, blockSize: 16 }), LEASE_MS));
    await log.reaches('(w1); kvasir-mock by 64');
    await otherLog.reaches('w1; kvasir-mock by 16');
    await before.release();
    expect(again.state()).toEqual({ kind: 'held' });
    await log.reaches('(w1); kvasir-mock by 64');
  });
}
