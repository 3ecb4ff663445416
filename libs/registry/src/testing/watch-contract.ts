import { formatEndpointName } from '@kvasir/contract';
import { describe, expect, it, vi } from 'vitest';
import {
  endpoint,
  held,
  LEASE_MS,
  otherEndpoint,
  router,
  worker,
  type RegistriesUnderTest,
} from './harness.js';
import { brief, ViewLog } from './view-log.js';

/** Tests of what consumers are told, and in which order. */
export function watchContract(get: () => RegistriesUnderTest): void {
  describe('watch()', () => {
    views(get);
    callbacks(get);
  });
  describe('watchEndpoints()', () => {
    endpoints(get);
  });
  describe('close()', () => {
    closing(get);
  });
}

function views(get: () => RegistriesUnderTest): void {
  it('begins with the current view, empty or not', async () => {
    const { owner, consumer } = get();
    await new ViewLog(consumer, endpoint).reaches('nobody; no pool');
    held(await owner.registerWorker(worker('w1'), LEASE_MS));
    const late = new ViewLog(consumer, endpoint);
    await late.reaches('w1; kvasir-mock by 64');
    expect(late.view).toMatchObject({ workers: [worker('w1')], isFresh: true });
  });

  it('tells of every change that is waited for, in order', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    await log.reaches('nobody; no pool');
    const lease = held(await owner.registerWorker(worker('w1'), LEASE_MS));
    await log.reaches('w1; kvasir-mock by 64');
    held(await owner.registerRouter(router('r1'), LEASE_MS));
    await log.reaches('w1 r1; kvasir-mock by 64');
    await lease.update(worker('w1', { isDraining: true }));
    await log.reaches('(w1) r1; kvasir-mock by 64');
    await lease.release();
    await log.reaches('r1; no pool');
    expect(log.told).toEqual([
      'nobody; no pool',
      'w1; kvasir-mock by 64',
      'w1 r1; kvasir-mock by 64',
      '(w1) r1; kvasir-mock by 64',
      'r1; no pool',
    ]);
  });

  it('orders records by id, whatever the order of registration', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    for (const name of ['w2', 'w10', 'w1', 'a']) held(await owner.registerWorker(worker(name), LEASE_MS));
    for (const name of ['r2', 'r1']) held(await owner.registerRouter(router(name), LEASE_MS));
    await log.reaches('a w1 w10 w2 r1 r2; kvasir-mock by 64');
  });

  it('does not change a view that it has handed out', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    const lease = held(await owner.registerWorker(worker('w1'), LEASE_MS));
    await log.reaches('w1; kvasir-mock by 64');
    const before = log.view;
    await lease.release();
    await log.reaches('nobody; no pool');
    expect(brief(before)).toBe('w1; kvasir-mock by 64');
  });
}

function callbacks(get: () => RegistriesUnderTest): void {
  it('calls nothing back after it was closed', async () => {
    const { owner, consumer } = get();
    const closed = new ViewLog(consumer, endpoint);
    const open = new ViewLog(consumer, endpoint);
    await closed.reaches('nobody; no pool');
    closed.close();
    closed.close();
    held(await owner.registerWorker(worker('w1'), LEASE_MS));
    await open.reaches('w1; kvasir-mock by 64');
    expect(closed.told).toEqual(['nobody; no pool']);
  });

  it('never calls back inside a call, and goes on when a callback throws', async () => {
    const { owner, consumer } = get();
    let depth = 0;
    const seen: string[] = [];
    consumer.watch(endpoint, () => {
      throw new Error('a bug');
    });
    consumer.watch(endpoint, (view) => {
      expect(depth).toBe(0);
      seen.push(brief(view));
    });
    await vi.waitFor(() => expect(seen).toEqual(['nobody; no pool']));
    depth += 1;
    const registering = owner.registerWorker(worker('w1'), LEASE_MS);
    depth -= 1;
    held(await registering);
    await vi.waitFor(() => expect(seen).toEqual(['nobody; no pool', 'w1; kvasir-mock by 64']));
  });
}

function endpoints(get: () => RegistriesUnderTest): void {
  it('tells which endpoints of a namespace have a pool, by name', async () => {
    const { owner, consumer } = get();
    const told: string[] = [];
    const watch = consumer.watchEndpoints('kvasir', (names) =>
      told.push(names.map(formatEndpointName).join(' ')),
    );
    await vi.waitFor(() => expect(told).toEqual(['']));
    const lease = held(await owner.registerWorker(worker('w1'), LEASE_MS));
    held(
      await owner.registerRouter(router('r1', { endpoint: { ...endpoint, component: 'idle' } }), LEASE_MS),
    );
    held(
      await owner.registerWorker(worker('w2', { endpoint: { ...endpoint, namespace: 'other' } }), LEASE_MS),
    );
    held(await owner.registerWorker(worker('w3', { endpoint: otherEndpoint }), LEASE_MS));
    await vi.waitFor(() => expect(told.at(-1)).toBe('kvasir.decode.generate kvasir.prefill.generate'));
    await lease.release();
    await vi.waitFor(() => expect(told.at(-1)).toBe('kvasir.decode.generate'));
    watch.close();
    const count = told.length;
    held(await owner.registerWorker(worker('w1'), LEASE_MS));
    await new ViewLog(consumer, endpoint).reaches('w1; kvasir-mock by 64');
    expect(told).toHaveLength(count);
  });
}

function closing(get: () => RegistriesUnderTest): void {
  it('ends watches and makes every further use fail', async () => {
    const { owner, consumer } = get();
    const log = new ViewLog(consumer, endpoint);
    await log.reaches('nobody; no pool');
    expect(consumer.health()).toEqual({ kind: 'connected' });
    await consumer.close();
    await consumer.close();
    expect(consumer.health()).toMatchObject({ kind: 'disconnected' });
    const closed = { code: 'REGISTRY_CLOSED' };
    await expect(consumer.registerWorker(worker('w1'), LEASE_MS)).rejects.toMatchObject(closed);
    await expect(consumer.registerRouter(router('r1'), LEASE_MS)).rejects.toMatchObject(closed);
    expect(() => consumer.watch(endpoint, () => undefined)).toThrow(expect.objectContaining(closed) as Error);
    expect(() => consumer.watchEndpoints('kvasir', () => undefined)).toThrow(
      expect.objectContaining(closed) as Error,
    );
    held(await owner.registerWorker(worker('w1'), LEASE_MS));
    await new ViewLog(owner, endpoint).reaches('w1; kvasir-mock by 64');
    expect(log.told).toEqual(['nobody; no pool']);
  });
}
