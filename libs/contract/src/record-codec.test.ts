import { incarnation, routerId, workerId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import {
  decodePoolRecord,
  decodeRouterRecord,
  decodeWorkerRecord,
  encodePoolRecord,
  encodeRouterRecord,
  encodeWorkerRecord,
  RECORD_LIMITS,
} from './record-codec.js';
import { servedNames } from './records.js';
import type { WorkerRecord } from './records.js';

const endpoint = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };
const worker: WorkerRecord = {
  workerId: workerId('gpu-7'),
  incarnation: incarnation('i1'),
  endpoint,
  url: 'http://127.0.0.1:9001',
  dialect: 'vllm',
  role: 'both',
  model: 'kvasir-mock',
  contextTokensMax: 131_072,
  tokenizerPath: null,
  blockSize: 64,
  rankStart: 0,
  rankCount: 2,
  kvBlocksTotal: 4_096,
  batchedTokensMax: null,
  publishesKvEvents: true,
  isDraining: false,
  taints: ['zone=a'],
  loraNames: null,
};

/** The record's JSON with some fields replaced; undefined removes one. */
const withFields = (fields: Record<string, unknown>): string =>
  JSON.stringify({ ...(JSON.parse(encodeWorkerRecord(worker)) as object), ...fields });

describe('worker record', () => {
  it('is read back', () => {
    expect(decodeWorkerRecord(encodeWorkerRecord(worker))).toEqual({ kind: 'record', record: worker });
  });

  it('is read back with what only some engines say', () => {
    const full: WorkerRecord = {
      ...worker,
      servedNames: ['kvasir-mock', 'org/latest'],
      isDrainedByOperator: true,
      needsApiKey: true,
      holder: 'gpu-7/4711',
      startedAtMs: 1_700_000_000_000,
    };
    expect(decodeWorkerRecord(encodeWorkerRecord(full))).toEqual({ kind: 'record', record: full });
    expect(servedNames(full)).toEqual(['kvasir-mock', 'org/latest']);
    expect(servedNames(worker)).toEqual(['kvasir-mock']);
  });

  it('tolerates fields that this version does not know', () => {
    expect(decodeWorkerRecord(withFields({ topology: { rack: 7 } }))).toEqual({
      kind: 'record',
      record: worker,
    });
  });

  it.each<[string, unknown]>([
    ['version', 2],
    ['workerId', ''],
    ['workerId', '\ud800'],
    ['incarnation', 7],
    ['endpoint', 'kvasir.prefill'],
    ['url', 'ftp://127.0.0.1'],
    ['url', 'http://127.0.0.1:9001/'],
    ['url', 'http://bad host'],
    ['dialect', 'VLLM'],
    ['role', null],
    ['model', undefined],
    ['contextTokensMax', 0],
    ['tokenizerPath', 7],
    ['blockSize', 64.5],
    ['blockSize', '64'],
    ['rankStart', -1],
    ['rankCount', 0],
    ['kvBlocksTotal', undefined],
    ['batchedTokensMax', 'many'],
    ['publishesKvEvents', 1],
    ['isDraining', 'no'],
    ['taints', 'zone=a'],
    ['taints', ['zone=a', 7]],
    ['taints', Array.from({ length: 65 }, () => 'x')],
    ['servedNames', ['m', '']],
    ['needsApiKey', 'yes'],
    ['isDrainedByOperator', 1],
    ['holder', 7],
    ['startedAtMs', -1],
  ])('is malformed when %s is %j', (field, value) => {
    expect(decodeWorkerRecord(withFields({ [field]: value }))).toMatchObject({
      kind: 'malformed',
      reason: expect.stringContaining(field) as string,
    });
  });

  it('is malformed, and never thrown about, when it is too long or too deep', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    expect(decodeWorkerRecord(encodeWorkerRecord(worker).replace('"url":', `"url":${deep},"x":`))).toEqual({
      kind: 'malformed',
      reason: 'url must be an http(s) URL without a trailing slash, received a list of 1',
    });
    expect(decodeWorkerRecord(' '.repeat(RECORD_LIMITS.recordCharsMax + 1))).toEqual({
      kind: 'malformed',
      reason: 'has 1048577 characters, more than 1048576',
    });
    const long = decodeWorkerRecord(withFields({ dialect: 'x'.repeat(500_000) }));
    expect(JSON.stringify(long).length).toBeLessThan(300);
  });

  it('names everything that is wrong at once', () => {
    expect(decodeWorkerRecord(withFields({ blockSize: 0, role: 'cook' }))).toEqual({
      kind: 'malformed',
      reason:
        'role must be prefill or decode or both, received "cook"; blockSize must be an integer from 1 to 65536, received 0',
    });
  });

  it.each(['', 'null', '[]', '7', '{', '{"version":1}'])('is malformed as %j', (text) => {
    expect(decodeWorkerRecord(text).kind).toBe('malformed');
  });
});

describe('router and pool records', () => {
  it('are read back', () => {
    const router = {
      routerId: routerId('r1'),
      endpoint,
      address: '127.0.0.1:9100',
      pools: [endpoint],
      isDraining: true,
    };
    expect(decodeRouterRecord(encodeRouterRecord(router))).toEqual({ kind: 'record', record: router });
    for (const model of ['kvasir-mock', null]) {
      const pool = { endpoint, model, blockSize: 16 };
      expect(decodePoolRecord(encodePoolRecord(pool))).toEqual({ kind: 'record', record: pool });
    }
  });

  it('are malformed with a wrong field', () => {
    expect(decodeRouterRecord('{"version":1,"routerId":"r1"}').kind).toBe('malformed');
    expect(decodePoolRecord('{"version":1,"endpoint":"a.b.c","model":"","blockSize":16}').kind).toBe(
      'malformed',
    );
  });
});
