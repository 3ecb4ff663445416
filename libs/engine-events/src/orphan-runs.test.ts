import { describe, expect, it } from 'vitest';
import type { EngineKvEvent } from './decode/engine-kv-event.js';
import { ORPHAN_EVENTS_MAX, ORPHAN_MS_MAX, ORPHAN_TOKENS_MAX, OrphanRuns } from './orphan-runs.js';

const run = (name: string, tokenCount = 4): Extract<EngineKvEvent, { kind: 'stored' }> => ({
  ...{
    kind: 'stored',
    hashes: [name],
    parent: 'p',
    tokens: new Uint32Array(tokenCount),
    blockSize: tokenCount,
  },
  ...{ loraName: null, cacheSalt: null, media: new Map(), opaqueFrom: null, tier: 'device', group: null },
  ...{ isFullAttention: true, origin: 'new' },
});
const waiting = (runs: OrphanRuns, parent = 'p') => runs.take(parent).map(({ event }) => event.hashes[0]);

describe('OrphanRuns', () => {
  it('hands out what waits for a parent, in order and once', () => {
    const runs = new OrphanRuns();
    for (const [nowMs, name] of ['a', 'b'].entries()) runs.add(run(name), 'p', nowMs);
    runs.add(run('c'), 'q', 2);
    expect(waiting(runs)).toEqual(['a', 'b']);
    expect(waiting(runs)).toEqual([]);
    expect(waiting(runs, 'q')).toEqual(['c']);
  });

  it('gives the oldest up beyond its limits, and what is too long by itself', () => {
    const many = new OrphanRuns();
    let lost = 0;
    for (let index = 0; index < ORPHAN_EVENTS_MAX + 2; index += 1)
      lost += many.add(run(`r${index}`), 'p', index);
    expect(lost).toBe(2);
    expect(waiting(many)).toHaveLength(ORPHAN_EVENTS_MAX);
    const long = new OrphanRuns();
    const third = ORPHAN_TOKENS_MAX / 2 - 1;
    expect(['a', 'b', 'c'].map((name) => long.add(run(name, third), 'p', 0))).toEqual([0, 0, 1]);
    expect(long.add(run('d', ORPHAN_TOKENS_MAX + 1), 'p', 0)).toBe(1);
    expect(waiting(long)).toEqual(['b', 'c']);
  });

  it('gives up what has waited too long', () => {
    const runs = new OrphanRuns();
    runs.add(run('a'), 'p', 0);
    runs.add(run('b'), 'p', 1);
    expect(runs.expire(ORPHAN_MS_MAX - 1)).toBe(0);
    expect(runs.expire(ORPHAN_MS_MAX)).toBe(1);
    expect(waiting(runs)).toEqual(['b']);
  });

  it('knows which of its blocks have gone meanwhile: of one run, or of all', () => {
    const runs = new OrphanRuns();
    for (const nowMs of [0, 1]) runs.add(run('a'), 'p', nowMs);
    runs.removed('a', true);
    runs.removed('z', true);
    expect(runs.take('p').map(({ gone }) => gone.size)).toEqual([1, 0]);
    for (const nowMs of [0, 1]) runs.add(run('a'), 'p', nowMs);
    runs.removed('a', false);
    expect(runs.take('p').map(({ gone }) => gone.size)).toEqual([1, 1]);
  });
});
