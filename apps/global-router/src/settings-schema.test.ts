import { readFileSync } from 'node:fs';
import { readPoolSettings } from '@kvasir/pool-policy';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const validate = new Ajv2020({ strict: false }).compile(
  JSON.parse(read('../schema/pools.schema.json')) as object,
);

const pool = { name: 'a', role: 'prefill', endpoint: 'a.prefill.generate' };
const axis = { min: 0, max: 10, resolution: 1 };
const dynamo = {
  mode: 'disagg',
  enable_priority_retry: true,
  num_prefill_pools: 1,
  num_decode_pools: 1,
  prefill_pool_dynamo_namespaces: ['p'],
  decode_pool_dynamo_namespaces: ['d'],
  prefill_pool_selection_strategy: {
    ...{ ttft_min_ms: 10, ttft_max_ms: 30, ttft_resolution: 1, isl_min: 0, isl_max: 8, isl_resolution: 1 },
    ...{
      prefill_pool_mapping: [[0]],
      priority_overrides: [{ min_priority: 1, max_priority: 2, target_pool: 0 }],
    },
  },
  decode_pool_selection_strategy: {
    ...{ itl_min: 10, itl_max: 30, itl_resolution: 1 },
    ...{
      context_length_min: 0,
      context_length_max: 8,
      context_length_resolution: 1,
      decode_pool_mapping: [[0]],
    },
  },
};

describe('the published schema', () => {
  it.each<[string, unknown]>([
    ['the smallest file', { pools: [pool] }],
    ['the example', parse(read('../../../examples/multi-pool/pools.yaml'))],
    [
      'a grid with several pools in a cell',
      { pools: [pool], grids: { prefill: { inputTokens: axis, ttftMs: axis, cells: [[['a']]] } } },
    ],
    [
      'everything that may be null',
      { pools: [pool], topology: null, spillOver: null, affinity: null, probe: null },
    ],
    ['Dynamo’s form', dynamo],
  ])('takes %s, as the reader does', (_, value) => {
    expect(readPoolSettings(value)).toMatchObject({ kind: 'ok' });
    expect(validate(value)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['no pools', { pools: [] }],
    ['a role that is none', { pools: [{ ...pool, role: 'both' }] }],
    ['an endpoint that is none', { pools: [{ ...pool, endpoint: 'a.b' }] }],
    ['a weight of 0', { pools: [{ ...pool, weight: 0 }] }],
    ['a key that is not known', { pools: [pool], policy: ['grid'] }],
    ['a policy that is none', { pools: [pool], policies: ['luck'] }],
    ['a policy twice', { pools: [pool], policies: ['grid', 'grid'] }],
    ['a grid without cells', { pools: [pool], grids: { prefill: { inputTokens: axis, ttftMs: axis } } }],
    ['a grid without an axis', { pools: [pool], grids: { prefill: { inputTokens: axis, cells: [] } } }],
    [
      'a resolution of 0',
      {
        pools: [pool],
        grids: { prefill: { inputTokens: { ...axis, resolution: 0 }, ttftMs: axis, cells: [] } },
      },
    ],
    ['a text for a switch', { ...dynamo, enable_priority_retry: 'yes' }],
    ['Dynamo’s form without its mapping', { ...dynamo, prefill_pool_selection_strategy: {} }],
    ['a mode that is none', { ...dynamo, mode: 'both' }],
  ])('refuses %s, as the reader does', (_, value) => {
    expect(readPoolSettings(value)).toMatchObject({ kind: 'invalid' });
    expect(validate(value)).toBe(false);
  });
});
