import { seededPrng } from '@kvasir/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choosePool } from './choose-pool.js';
import type { PoolChoice } from './choose-pool.js';
import { bucketOf } from './grid.js';
import { POOL_SETTINGS_DEFAULT } from './pool-settings.js';
import type { PoolConfig, PoolSettings } from './pool-settings.js';
import type { PoolProbe, PoolReport, PoolRequest, PoolState } from './pool-state.js';
import { readPoolSettings } from './read-pool-settings.js';

const NOW_MS = 100_000;

/** Two prefill and two decode pools as in Dynamo's mocker test of its global router. */
const REFERENCE = {
  mode: 'disagg',
  num_prefill_pools: 2,
  num_decode_pools: 2,
  prefill_pool_dynamo_namespaces: ['gp-prefill-0', 'gp-prefill-1'],
  decode_pool_dynamo_namespaces: ['gp-decode-0', 'gp-decode-1'],
  prefill_pool_selection_strategy: {
    ...{
      ttft_min_ms: 10,
      ttft_max_ms: 3_000,
      ttft_resolution: 2,
      isl_min: 0,
      isl_max: 32_000,
      isl_resolution: 2,
    },
    prefill_pool_mapping: [
      [0, 1],
      [0, 1],
    ],
    priority_overrides: [{ min_priority: 10, max_priority: 20, target_pool: 0 }],
  },
  decode_pool_selection_strategy: {
    ...{ itl_min: 10, itl_max: 500, itl_resolution: 2 },
    ...{ context_length_min: 0, context_length_max: 32_000, context_length_resolution: 2 },
    decode_pool_mapping: [
      [0, 1],
      [0, 1],
    ],
  },
};

function settingsOf(value: unknown): PoolSettings {
  const reading = readPoolSettings(value);
  if (reading.kind === 'invalid') throw new Error(reading.problems.join('\n'));
  return reading.settings;
}

const request = (fields: Partial<PoolRequest> = {}): PoolRequest => ({
  role: 'prefill',
  promptTokens: 1_000,
  expectedOutputTokens: null,
  ttftMs: null,
  itlMs: null,
  priority: null,
  model: null,
  loraName: null,
  boundPool: null,
  partnerLabels: null,
  requiredLabels: [],
  ...fields,
});

const config = (name: string, fields: Partial<PoolConfig> = {}): PoolConfig => ({
  name,
  role: 'prefill',
  endpoint: `${name}.prefill.generate`,
  weight: 1,
  priority: 0,
  labels: [],
  requestsMax: null,
  ...fields,
});

const report = (requestsActive: number, fields: Partial<PoolReport> = {}): PoolReport => ({
  atMs: NOW_MS - 100,
  requestsActive,
  requestsMax: 100,
  workersReady: 2,
  isSaturated: false,
  ...fields,
});

const state = (pool: PoolConfig, fields: Partial<PoolState> = {}): PoolState => ({
  config: pool,
  routerCount: 1,
  isDraining: false,
  model: 'm',
  loraNames: null,
  report: report(0),
  assignedSinceReport: 0,
  isFailing: false,
  ...fields,
});

const settings = (fields: Partial<PoolSettings> = {}): PoolSettings => ({
  ...POOL_SETTINGS_DEFAULT,
  pools: [],
  grids: { prefill: null, decode: null, aggregated: null },
  ...fields,
});

const context = (probes: readonly PoolProbe[] | null = null, random: () => number = () => 0.5) => ({
  nowMs: NOW_MS,
  probes,
  random,
});

const answered = (pool: string, cost: number): PoolProbe => ({
  pool,
  outcome: { kind: 'answered', cost, overlapBlocks: 0, promptBlocks: 10 },
});

const orderOf = (choice: PoolChoice): readonly string[] =>
  choice.kind === 'chosen' ? choice.order.map(({ pool }) => pool) : [];

describe('a grid', () => {
  const { pools, ...rest } = settingsOf(REFERENCE);
  const all = { pools, ...rest };
  const states = pools.map((pool) => state(pool));
  const chosen = (fields: Partial<PoolRequest>): string =>
    orderOf(choosePool(request(fields), states, all, context()))[0] ?? '';

  it.each([
    [{ promptTokens: 0, ttftMs: 10 }, 'gp-prefill-0.prefill'],
    [{ promptTokens: 32_000, ttftMs: 1_504 }, 'gp-prefill-0.prefill'],
    [{ promptTokens: 32_000, ttftMs: 1_505 }, 'gp-prefill-1.prefill'],
    [{ promptTokens: 99_000, ttftMs: 99_000 }, 'gp-prefill-1.prefill'],
    [{ promptTokens: 5, ttftMs: -5 }, 'gp-prefill-0.prefill'],
    // An explicit 0 is a target; none is the middle of the axis.
    [{ ttftMs: 0 }, 'gp-prefill-0.prefill'],
    [{ ttftMs: null }, 'gp-prefill-1.prefill'],
    [{ ttftMs: 3_000, priority: 10 }, 'gp-prefill-0.prefill'],
    [{ ttftMs: 3_000, priority: 20 }, 'gp-prefill-0.prefill'],
    [{ ttftMs: 3_000, priority: 21 }, 'gp-prefill-1.prefill'],
    [{ role: 'decode', itlMs: 254 }, 'gp-decode-0.decode'],
    [{ role: 'decode', itlMs: 255 }, 'gp-decode-1.decode'],
  ] as const)('sends %j to %s', (fields, pool) => {
    expect(chosen(fields)).toBe(pool);
  });

  it('has every value in the bucket that a walk over its borders finds', () => {
    const axis = fc.record({
      min: fc.integer({ min: -1_000, max: 1_000 }),
      width: fc.integer({ min: 1, max: 10_000 }),
      resolution: fc.integer({ min: 1, max: 12 }),
      value: fc.integer({ min: -12_000, max: 12_000 }),
    });
    fc.assert(
      fc.property(axis, ({ min, width, resolution, value }) => {
        const max = min + width;
        let wanted = 0;
        // Integers only: value lies at or above border k when (value − min) × resolution ≥ k × width.
        while (wanted < resolution - 1 && (value - min) * resolution >= (wanted + 1) * width) wanted += 1;
        const found = bucketOf({ quantity: 'ttftMs', min, max, resolution }, value);
        // A border that no double can hold may fall on either side.
        const isOnBorder = ((value - min) * resolution) % width === 0;
        if (isOnBorder) expect(Math.abs(found - wanted)).toBeLessThanOrEqual(1);
        else expect(found).toBe(wanted);
      }),
    );
  });

  it('of several pools per cell leaves the choice to the next policy, and then goes to the nearest cells', () => {
    const own = settingsOf({
      pools: ['a', 'b', 'c', 'd'].map((name) => ({
        name,
        role: 'prefill',
        endpoint: `${name}.prefill.generate`,
      })),
      policies: ['grid', 'load'],
      grids: {
        prefill: {
          inputTokens: { min: 0, max: 300, resolution: 3 },
          ttftMs: { min: 0, max: 100, resolution: 1 },
          cells: [[['a', 'b']], ['c'], ['d']],
        },
      },
    });
    const loads: Readonly<Record<string, number>> = { a: 9, b: 3, c: 0, d: 0 };
    const pools = own.pools.map((pool) => state(pool, { report: report(loads[pool.name] ?? 0) }));
    const of = (promptTokens: number): readonly string[] =>
      orderOf(choosePool(request({ promptTokens }), pools, own, context()));
    expect(of(50)).toEqual(['b', 'a', 'c', 'd']);
    expect(of(250)).toEqual(['d', 'c', 'b', 'a']);
  });
});

describe('eligibility', () => {
  it.each([
    ['draining', { isDraining: true }],
    ['noRouter', { routerCount: 0 }],
    ['wrongModel', { model: 'other' }],
    ['noLora', { loraNames: ['x'] }],
    ['noWorkers', { report: report(0, { workersReady: 0 }) }],
    ['failing', { isFailing: true }],
    ['wrongRole', { config: config('b', { role: 'decode' }) }],
  ] as const)('refuses a pool for %s and says so', (reason, fields) => {
    const pools = [state(config('a')), state(config('b'), fields)];
    const choice = choosePool(request({ model: 'm', loraName: 'y' }), pools, settings(), context());
    expect(orderOf(choice)).toEqual(['a']);
    expect(choice.refused).toEqual([{ pool: 'b', reason }]);
  });

  it('takes a pool that failed lately when there is no other, and says why there is none at all', () => {
    const failing = state(config('a'), { isFailing: true });
    expect(orderOf(choosePool(request(), [failing], settings(), context()))).toEqual(['a']);
    const choice = choosePool(request(), [{ ...failing, isDraining: true }], settings(), context());
    expect(choice).toEqual({ kind: 'none', refused: [{ pool: 'a', reason: 'draining' }] });
  });

  it('keeps both legs at one site when that is required, and prefers it when it is not', () => {
    const pools = [
      state(config('pa', { labels: ['site=a'] })),
      state(config('pb', { labels: ['site=b'] }), { report: report(50) }),
      state(config('db', { role: 'decode', labels: ['site=b'] })),
      state(config('da', { role: 'decode', labels: ['site=a'] }), { isDraining: true }),
    ];
    const required = settings({ topology: { label: 'site', mode: 'required' } });
    expect(orderOf(choosePool(request(), pools, required, context()))).toEqual(['pb']);
    const decode = request({ role: 'decode', partnerLabels: ['site=a'] });
    expect(choosePool(decode, pools, required, context())).toMatchObject({
      kind: 'none',
      refused: expect.arrayContaining([{ pool: 'db', reason: 'topology' }]) as unknown,
    });
    const preferred = settings({ topology: { label: 'site', mode: 'preferred' } });
    expect(orderOf(choosePool(decode, pools, preferred, context()))).toEqual(['db']);
  });
});

describe('load', () => {
  const byLoad = settings({ policies: ['load'] });

  it('counts what was sent since the report, by capacity and weight', () => {
    const pools = [
      state(config('a'), { report: report(10), assignedSinceReport: 20 }),
      state(config('b', { weight: 2 }), { report: report(40) }),
      state(config('c'), { report: report(50, { requestsMax: 400 }) }),
    ];
    expect(orderOf(choosePool(request(), pools, byLoad, context()))).toEqual(['c', 'b', 'a']);
    const noCapacity = pools.map((pool, index) =>
      index === 0 ? { ...pool, report: report(10, { requestsMax: null }) } : pool,
    );
    expect(orderOf(choosePool(request(), noCapacity, byLoad, context()))).toEqual(['b', 'a', 'c']);
  });

  it('never prefers a pool of which nothing fresh is known', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ active: fc.nat(1_000), age: fc.nat(20_000), isTold: fc.boolean() }), {
          minLength: 2,
          maxLength: 8,
        }),
        fc.nat(),
        (drawn, seed) => {
          const pools = drawn.map(({ active, age, isTold }, index) =>
            state(config(`p${index}`), { report: isTold ? report(active, { atMs: NOW_MS - age }) : null }),
          );
          const choice = choosePool(request(), pools, byLoad, context(null, seededPrng(seed)));
          const order = orderOf(choice);
          expect([...order].sort()).toEqual(pools.map((pool) => pool.config.name).sort());
          const isFresh = (name: string): boolean => {
            const found = drawn[Number(name.slice(1))];
            return found !== undefined && found.isTold && found.age <= byLoad.reportTtlMs;
          };
          const freshness = order.map(isFresh);
          expect(freshness).toEqual([...freshness].sort((one, other) => Number(other) - Number(one)));
        },
      ),
    );
  });

  it('breaks ties by chance, so that replicas do not fall on the same pool', () => {
    const pools = ['a', 'b', 'c', 'd'].map((name) => state(config(name)));
    const prng = seededPrng(7);
    const counts = new Map<string, number>();
    for (let time = 0; time < 4_000; time += 1) {
      const [first = ''] = orderOf(choosePool(request(), pools, byLoad, context(null, prng)));
      counts.set(first, (counts.get(first) ?? 0) + 1);
    }
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});

describe('probes, sessions and saturation', () => {
  const pools = [
    state(config('a')),
    state(config('b', { priority: 1 })),
    state(config('c', { priority: 2 })),
  ];

  it('takes the lowest cost; who is late or fails comes last and is not lost', () => {
    const probes: PoolProbe[] = [
      { pool: 'a', outcome: { kind: 'late' } },
      answered('b', 9),
      answered('c', 4),
    ];
    const choice = choosePool(request(), pools, settings({ policies: ['probe'] }), context(probes));
    expect(orderOf(choice)).toEqual(['c', 'b', 'a']);
    expect(choice).toMatchObject({ reason: 'probe', order: [{ cost: 4 }, { cost: 9 }, { cost: null }] });
  });

  it('keeps a session on its pool, unless that is saturated or not eligible', () => {
    const probes = [answered('a', 1), answered('b', 2), answered('c', 3)];
    const byProbe = settings({ policies: ['probe'] });
    const bound = request({ boundPool: 'c' });
    expect(choosePool(bound, pools, byProbe, context(probes))).toMatchObject({
      reason: 'affinity',
      order: [{ pool: 'c' }, { pool: 'a' }, { pool: 'b' }],
    });
    const full = pools.map((pool) =>
      pool.config.name === 'c' ? { ...pool, report: report(0, { isSaturated: true }) } : pool,
    );
    expect(choosePool(bound, full, byProbe, context(probes))).toMatchObject({
      reason: 'probe',
      spilledFrom: null,
    });
    const gone = pools.filter((pool) => pool.config.name !== 'c');
    expect(orderOf(choosePool(bound, gone, byProbe, context(probes)))[0]).toBe('a');
  });

  it('spills over from a saturated choice to the first that is not, and stays when all are', () => {
    const byProbe = settings({ policies: ['probe'], spillOver: { pressureMax: 0.8 } });
    const probes = [answered('a', 1), answered('b', 2), answered('c', 3)];
    const at = (loads: readonly number[]): PoolChoice =>
      choosePool(
        request(),
        pools.map((pool, index) => ({ ...pool, report: report(loads[index] ?? 0) })),
        byProbe,
        context(probes),
      );
    expect(at([80, 79, 0])).toMatchObject({
      spilledFrom: 'a',
      order: [{ pool: 'b' }, { pool: 'a' }, { pool: 'c' }],
    });
    expect(at([79, 0, 0])).toMatchObject({ spilledFrom: null, order: [{ pool: 'a' }, {}, {}] });
    expect(at([90, 90, 90])).toMatchObject({ spilledFrom: null, order: [{ pool: 'a' }, {}, {}] });
  });

  it.each([
    ['any', ['b', 'a', 'c']],
    ['faster', ['b', 'a']],
    ['none', ['b']],
  ] as const)('fails over to %s', (failOver, wanted) => {
    const probes = [answered('a', 2), answered('b', 1), answered('c', 3)];
    const choice = choosePool(request(), pools, settings({ policies: ['probe'], failOver }), context(probes));
    expect(orderOf(choice)).toEqual(wanted);
  });
});
