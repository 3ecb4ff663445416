import { routerId } from '@kvasir/units';
import { describe, expect, it, vi } from 'vitest';
import {
  endpoint,
  held,
  heldClaim,
  LEASE_MS,
  otherEndpoint,
  pool,
  router,
  worker,
  type RegistriesUnderTest,
} from './harness.js';
import { ViewLog } from './view-log.js';

/** Tests of what the members of a pool must agree on, and for how long. */
export function poolContract(get: () => RegistriesUnderTest): void {
  describe('pools', () => {
    agreement(get);
    lifetimes(get);
    claims(get);
    claimLifetimes(get);
  });
}

function agreement(get: () => RegistriesUnderTest): void {
  it('the first worker fixes block size and model; who differs is refused with both values', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    held(await owner.registerWorker(worker('w1'), LEASE_MS));
    held(await consumer.registerWorker(worker('w2'), LEASE_MS));

    const bySize = await consumer.registerWorker(worker('w3', { blockSize: 16 }), LEASE_MS);
    expect(bySize).toMatchObject({ kind: 'refused', code: 'REGISTRY_BLOCK_SIZE_MISMATCH' });
    if (bySize.kind === 'refused')
      expect(bySize.message).toMatch(/"w3".* 16\b.*kvasir\.prefill\.generate.* 64\b/);

    const byModel = await consumer.registerWorker(worker('w4', { model: 'another' }), LEASE_MS);
    expect(byModel).toMatchObject({ kind: 'refused', code: 'REGISTRY_MODEL_MISMATCH' });
    if (byModel.kind === 'refused') expect(byModel.message).toMatch(/"w4".*"another".*"kvasir-mock"/);

    await log.reaches('w1 w2; kvasir-mock by 64');
    expect(log.view.pool).toEqual(pool(64, 'kvasir-mock'));
  });

  it('a record with a field out of its range is refused, and every such field named', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    const outcome = await owner.registerWorker(worker('w1', { blockSize: 0, url: 'nowhere' }), LEASE_MS);
    expect(outcome).toMatchObject({ kind: 'refused', code: 'REGISTRY_INVALID_RECORD' });
    if (outcome.kind === 'refused') expect(outcome.message).toMatch(/url .*blockSize /);
    await log.reaches('nobody; no pool');
  });

  it('a worker that could not be given what its role stands for is refused, with the reason', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    for (const dialect of ['sglang', 'trtllm'] as const) {
      for (const role of ['prefill', 'decode'] as const) {
        const outcome = await owner.registerWorker(worker('w1', { dialect, role }), LEASE_MS);
        expect(outcome).toMatchObject({ kind: 'refused', code: 'REGISTRY_UNSERVABLE_ROLE' });
        if (outcome.kind === 'refused') expect(outcome.message).toContain(`${dialect} engines cannot`);
      }
    }
    const lease = held(
      await owner.registerWorker(worker('w1', { dialect: 'sglang', role: 'both' }), LEASE_MS),
    );
    expect(await lease.update(worker('w1', { dialect: 'sglang', role: 'decode' }))).toMatchObject({
      kind: 'refused',
      code: 'REGISTRY_UNSERVABLE_ROLE',
    });
    await log.reaches('w1; kvasir-mock by 64');
  });
}

function lifetimes(get: () => RegistriesUnderTest): void {
  it('a pool stays while any worker does, and vanishes with the last one', async () => {
    const { owner, consumer, harness } = get();
    const log = new ViewLog(consumer, endpoint);
    const first = held(await owner.registerWorker(worker('w1'), LEASE_MS));
    const second = held(await owner.registerWorker(worker('w2'), LEASE_MS));
    await first.release();
    await log.reaches('w2; kvasir-mock by 64');
    expect(await owner.registerWorker(worker('w3', { blockSize: 16 }), LEASE_MS)).toMatchObject({
      kind: 'refused',
    });
    second.abandon();
    await harness.advance(2 * LEASE_MS);
    await log.reaches('nobody; no pool');
    held(await owner.registerWorker(worker('w3', { blockSize: 16, model: 'another' }), LEASE_MS));
    await log.reaches('w3; another by 16');
  });

  it('a router that has claimed nothing does not hold a pool', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    held(await owner.registerRouter(router('r1'), LEASE_MS));
    const lease = held(await owner.registerWorker(worker('w1'), LEASE_MS));
    await log.reaches('w1 r1; kvasir-mock by 64');
    await lease.release();
    await log.reaches('r1; no pool');
  });

  it('endpoints do not know of one another', async () => {
    const { owner, consumer } = get();
    held(await owner.registerWorker(worker('w1'), LEASE_MS));
    held(await owner.registerWorker(worker('w2', { endpoint: otherEndpoint, blockSize: 16 }), LEASE_MS));
    await new ViewLog(consumer, endpoint).reaches('w1; kvasir-mock by 64');
    await new ViewLog(consumer, otherEndpoint).reaches('w2; kvasir-mock by 16');
  });
}

function claims(get: () => RegistriesUnderTest): void {
  const r1 = routerId('r1');

  it('a claim fixes the block size before any worker is there', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    expect(await owner.claimPool(pool(64), r1, LEASE_MS)).toMatchObject({ kind: 'claimed', pool: pool(64) });
    await log.reaches('nobody; any model by 64');
    expect(await consumer.registerWorker(worker('w1', { blockSize: 16 }), LEASE_MS)).toMatchObject({
      kind: 'refused',
      code: 'REGISTRY_BLOCK_SIZE_MISMATCH',
    });
    held(await consumer.registerWorker(worker('w1', { model: 'any will do' }), LEASE_MS));
    await log.reaches('w1; any will do by 64');
  });

  it('a claim confirms what holds, and is refused with both values when it differs', async () => {
    const { owner, consumer } = get();
    held(await consumer.registerWorker(worker('w1'), LEASE_MS));
    expect(await owner.claimPool(pool(64), r1, LEASE_MS)).toMatchObject({
      kind: 'claimed',
      pool: pool(64, 'kvasir-mock'),
    });
    const refused = await owner.claimPool(pool(128), routerId('r2'), LEASE_MS);
    expect(refused).toMatchObject({
      kind: 'refused',
      code: 'REGISTRY_BLOCK_SIZE_MISMATCH',
      pool: pool(64, 'kvasir-mock'),
    });
    if (refused.kind === 'refused') expect(refused.message).toMatch(/"r2".* 128\b.* 64\b/);
    expect(await owner.claimPool(pool(64, 'another'), routerId('r2'), LEASE_MS)).toMatchObject({
      kind: 'refused',
      code: 'REGISTRY_MODEL_MISMATCH',
    });
  });
}

function claimLifetimes(get: () => RegistriesUnderTest): void {
  const r1 = routerId('r1');

  it('a claim holds the pool while its router lives, the model only while a worker does', async () => {
    const { owner, consumer, harness } = get();
    const log = new ViewLog(consumer, endpoint);
    const claim = heldClaim(await owner.claimPool(pool(64), r1, LEASE_MS));
    const lease = held(await owner.registerWorker(worker('w1'), LEASE_MS));
    await log.reaches('w1; kvasir-mock by 64');
    await lease.release();
    await log.reaches('nobody; any model by 64');
    await harness.advance(2 * LEASE_MS);
    await log.reaches('nobody; any model by 64');
    claim.abandon();
    await harness.advance(2 * LEASE_MS);
    await log.reaches('nobody; no pool');
  });

  it('a claim can be released, and made again by the same router with another block size', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    const claim = heldClaim(await owner.claimPool(pool(64), r1, LEASE_MS));
    await log.reaches('nobody; any model by 64');
    const again = heldClaim(await owner.claimPool(pool(32), r1, LEASE_MS));
    await vi.waitFor(() => expect(claim.state()).toEqual({ kind: 'superseded', by: null }));
    await log.reaches('nobody; any model by 32');
    await again.release();
    await log.reaches('nobody; no pool');
  });
}
