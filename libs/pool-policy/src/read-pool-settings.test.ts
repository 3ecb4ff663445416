import { describe, expect, it } from 'vitest';
import { readPoolSettings } from './read-pool-settings.js';

const pool = (name: string, role = 'prefill') => ({ name, role, endpoint: `${name}.${role}.generate` });

const problemsOf = (value: unknown): readonly string[] => {
  const reading = readPoolSettings(value);
  return reading.kind === 'invalid' ? reading.problems : [];
};

describe('readPoolSettings()', () => {
  it('reads the smallest configuration, with defaults', () => {
    expect(readPoolSettings({ pools: [pool('a'), pool('b')] })).toMatchObject({
      kind: 'ok',
      warnings: [],
      settings: {
        pools: [
          { name: 'a', weight: 1, priority: 0 },
          { name: 'b', priority: 1 },
        ],
        policies: ['grid', 'probe', 'load'],
        failOver: 'any',
        reportTtlMs: 5_000,
      },
    });
  });

  it('tells every problem at once, each with its place', () => {
    expect(
      problemsOf({
        pools: [
          pool('a'),
          { ...pool('a', 'decode'), weight: 0 },
          { name: 'c', role: 'prefil', endpoint: 'c' },
        ],
        policy: ['grid'],
        policies: ['grid', 'luck', 'grid'],
        grids: {
          prefill: {
            inputTokens: { min: 5, max: 5, resolution: 2 },
            ttftMs: { min: 0, max: 10, resolution: 0 },
            cells: [['a'], ['x']],
            overrides: [{ priorityMin: 3, priorityMax: 2, pool: 'y' }],
          },
        },
        failOver: 'sometimes',
        affinity: { ttlMs: -1 },
        probe: {},
      }),
    ).toEqual([
      'policy is not known',
      'pools[1].name: "a" is there twice',
      'pools[1].weight must be a number above 0, received 0',
      'pools[2].role must be prefill, decode, aggregated, received "prefil"',
      'pools[2].endpoint must be namespace.component.endpoint, received "c"',
      'policies[1] must be grid, probe, load, received "luck"',
      'policies: each may be there once',
      'grids.prefill.inputTokens: min 5 must be below max 5',
      'grids.prefill.ttftMs.resolution must be a whole number from 1, received 0',
      'grids.prefill.cells[1][0] names "x", which is no prefill pool',
      'grids.prefill.overrides[0]: priorityMin 3 is above priorityMax 2',
      'grids.prefill.overrides[0].pool names "y", which is no prefill pool',
      'failOver must be any, faster, none, received "sometimes"',
      'affinity.ttlMs must be a number above 0, received -1',
      'probe.deadlineMs must be a number above 0, received nothing',
    ]);
  });

  it.each([
    [null, 'the configuration must be an object, received null'],
    [{}, 'pools must be a list, received nothing'],
    [{ pools: [] }, 'pools: at least one pool is needed'],
    [{ pools: [{ ...pool('a'), prioritty: 1 }] }, 'pools[0].prioritty is not known; did you mean priority?'],
  ])('refuses %j', (value, problem) => {
    expect(problemsOf(value)).toContain(problem);
  });

  it('reads Dynamo’s form with an input length for aggregated pools, old names included', () => {
    const reading = readPoolSettings({
      mode: 'agg',
      num_agg_pools: 2,
      agg_pool_dynamo_namespaces: ['short', 'long'],
      agg_pool_priorities: [5, 1],
      enable_priority_retry: true,
      agg_pool_selection_strategy: {
        ...{
          ttft_min: 0,
          ttft_max: 10,
          ttft_resolution: 1,
          itl_min_ms: 0,
          itl_max_ms: 10,
          itl_resolution: 1,
        },
        ...{ isl_min: 0, isl_max: 8, isl_resolution: 2, agg_pool_mapping: [[[0, 1]]] },
      },
    });
    expect(reading).toMatchObject({
      kind: 'ok',
      warnings: [
        'agg_pool_selection_strategy.ttft_min is the old name of ttft_min_ms',
        'agg_pool_selection_strategy.ttft_max is the old name of ttft_max_ms',
      ],
      settings: {
        failOver: 'faster',
        policies: ['grid'],
        pools: [
          { name: 'short.aggregated', endpoint: 'short.aggregated.generate', priority: 5 },
          { name: 'long.aggregated', priority: 1 },
        ],
        grids: { aggregated: { cells: [['short.aggregated'], ['long.aggregated']] } },
      },
    });
  });

  it('tells what is wrong in Dynamo’s form by its own names', () => {
    expect(
      problemsOf({
        mode: 'agg',
        num_agg_pools: 2,
        agg_pool_dynamo_namespaces: ['a'],
        agg_pool_priorities: [true],
        enable_priority_retry: 1,
        agg_pool_selection_strategy: {
          ...{
            ttft_min_ms: 1,
            ttft_max_ms: 0,
            ttft_resolution: 1,
            itl_min_ms: 0,
            itl_max_ms: 1,
            itl_resolution: 2,
          },
          agg_pool_mapping: [[1]],
        },
      }),
    ).toEqual([
      'enable_priority_retry must be true or false, received 1',
      'agg_pool_dynamo_namespaces: 2 are needed, there are 1',
      'agg_pool_priorities[0] must be a whole number, received true',
      'agg_pool_priorities: 2 are needed, there are 1',
      'agg_pool_selection_strategy: ttft min 1 must be below max 0',
      'agg_pool_selection_strategy.agg_pool_mapping[0]: 2 entries are needed, there are 1',
      "agg_pool_selection_strategy.agg_pool_mapping[0][0] must be a pool's number from 0 to 0, received 1",
    ]);
  });
});
