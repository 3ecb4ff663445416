import { incarnation, workerId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { keys } from './keys.js';
import { parseKvEventsSubject, parseKvRecoverySubject, subjects } from './subjects.js';

const endpoint = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };

describe('subjects', () => {
  it('kvEvents() names worker and rank, and is read back', () => {
    const subject = subjects.kvEvents(endpoint, workerId('gpu.7'), 3);
    expect(subject).toBe('kvasir.v1.kvasir.prefill.generate.kv.gpu%2E7.3');
    expect(parseKvEventsSubject(subject)).toEqual({ workerId: 'gpu.7', rank: 3 });
  });

  it('kvEventsOfAll() is a pattern with one wildcard for the worker and one for the rank', () => {
    expect(subjects.kvEventsOfAll(endpoint)).toBe('kvasir.v1.kvasir.prefill.generate.kv.*.*');
  });

  it('kvRecovery() names one life of a worker, and is read back', () => {
    const source = { workerId: workerId('gpu 7'), incarnation: incarnation('a:1'), rank: 0 };
    const subject = subjects.kvRecovery(endpoint, source);
    expect(subject).toBe('kvasir.v1.kvasir.prefill.generate.kv-recovery.gpu%207.a%3A1.0');
    expect(parseKvRecoverySubject(subject)).toEqual(source);
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 32])('refuse rank %d', (rank) => {
    expect(() => subjects.kvEvents(endpoint, workerId('w'), rank)).toThrow(RangeError);
  });

  it.each([
    'kvasir.v1.kvasir.prefill.generate.kv.gpu',
    'kvasir.v2.kvasir.prefill.generate.kv.gpu.0',
    'kvasir.v1.kvasir.prefill.generate.kv.gpu.01',
    'kvasir.v1.kvasir.prefill.generate.kv.gpu.99999999999',
    'kvasir.v1.kvasir.prefill.generate.kv.%zz.0',
    'kvasir.v1.kvasir.prefill.generate.kv-recovery.gpu.1.0.0',
    'kvasir.v1.kvasir.prefill.generate.kv-recovery.gpu.%zz.0',
  ])('are not read from %j', (subject) => {
    expect(parseKvEventsSubject(subject)).toBeNull();
    expect(parseKvRecoverySubject(subject)).toBeNull();
  });
});

describe('keys', () => {
  it('lie under the namespace, those of one endpoint in one cluster slot', () => {
    expect(keys.endpoints('kvasir')).toBe('kvasir:v1:kvasir:endpoints');
    expect([keys.records(endpoint), keys.leases(endpoint), keys.version(endpoint)]).toEqual([
      'kvasir:v1:kvasir:{prefill.generate}:records',
      'kvasir:v1:kvasir:{prefill.generate}:leases',
      'kvasir:v1:kvasir:{prefill.generate}:version',
    ]);
  });
});
