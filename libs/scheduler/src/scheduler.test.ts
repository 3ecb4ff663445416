import { PromptBlocks } from '@kvasir/block-hash';
import { requestId, seededPrng, workerId } from '@kvasir/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision, RouteConstraints, RouteOverrides, SchedulerEffect } from './messages.js';
import { SCHEDULER_OPTIONS_DEFAULT } from './options.js';
import type { SchedulerOptions } from './options.js';
import { Scheduler } from './scheduler.js';

const BLOCK_SIZE = 4;

function prompt(...blocks: readonly number[]): PromptBlocks {
  return new PromptBlocks(
    Uint32Array.from(blocks.flatMap((block) => [block, block, block, block])),
    BLOCK_SIZE,
  );
}

function hashes(of: PromptBlocks): Uint32Array {
  of.hashTo(of.blockCount);
  return of.words;
}

function scheduler(workers: readonly string[], options: Partial<SchedulerOptions> = {}): Scheduler {
  const made = new Scheduler(
    { ...SCHEDULER_OPTIONS_DEFAULT, blockSize: BLOCK_SIZE, ...options },
    seededPrng(1),
  );
  for (const worker of workers) {
    made.step({
      kind: 'targetAdded',
      target: { workerId: workerId(worker), rank: 0, taints: worker === 'a' ? ['zone=north'] : [] },
      isEligible: true,
    });
  }
  return made;
}

interface Ask {
  readonly id?: string;
  readonly constraints?: RouteConstraints;
  readonly overrides?: RouteOverrides;
  readonly nowMs?: number;
}

function route(to: Scheduler, asked: PromptBlocks, ask: Ask = {}): SchedulerEffect {
  const [effect] = to.step({
    kind: 'route',
    requestId: ask.id === undefined ? null : requestId(ask.id),
    prompt: asked,
    constraints: ask.constraints,
    overrides: ask.overrides,
    nowMs: ask.nowMs ?? 0,
  });
  if (effect === undefined) throw new TypeError('Cannot test: a route has no effect');
  return effect;
}

function decided(to: Scheduler, asked: PromptBlocks, ask: Ask = {}): Decision {
  const effect = route(to, asked, ask);
  if (effect.kind !== 'routed') throw new TypeError(`Cannot test: received ${effect.kind}`);
  return effect.decision;
}

function stored(to: Scheduler, worker: string, held: PromptBlocks): void {
  to.step({ kind: 'kvStored', workerId: workerId(worker), rank: 0, parent: null, hashes: hashes(held) });
}

describe('step(route)', () => {
  it('chooses the target that holds most of the prompt', () => {
    const made = scheduler(['a', 'b', 'c']);
    stored(made, 'b', prompt(1, 2, 3));
    stored(made, 'c', prompt(1));
    const decision = decided(made, prompt(1, 2, 3, 4));
    expect(decision).toMatchObject({ workerId: 'b', overlapBlocks: 3, promptBlocks: 4, cachedTokens: 12 });
    expect(decision.terms.reduce((sum, term) => sum + term.value, 0)).toBeCloseTo(decision.cost);
  });

  it('expects no engine to take the block of the last token from its cache', () => {
    const made = scheduler(['a']);
    stored(made, 'a', prompt(1, 2, 3));
    expect(decided(made, prompt(1, 2, 3))).toMatchObject({ overlapBlocks: 3, cachedTokens: 8 });
    expect(decided(made, prompt(1), { id: 'r2' })).toMatchObject({ overlapBlocks: 1, cachedTokens: 0 });
  });

  it('gives affinity up when the holder has more waiting than the overlap saves', () => {
    const made = scheduler(['a', 'b']);
    stored(made, 'a', prompt(1, 2));
    const first = decided(made, prompt(1, 2, 5, 6, 7), { id: 'r1' });
    expect(first.workerId).toBe('a');
    expect(decided(made, prompt(1, 2, 8, 9), { id: 'r2' }).workerId).toBe('b');
  });

  it('books in the same step: the next request sees the load', () => {
    const made = scheduler(['a', 'b']);
    const chosen = [decided(made, prompt(1), { id: 'r1' }), decided(made, prompt(2), { id: 'r2' })];
    expect(new Set(chosen.map((decision) => decision.workerId)).size).toBe(2);
    expect(made.bookingCount).toBe(2);
  });

  it('books nothing when asked without a request id', () => {
    const made = scheduler(['a']);
    const before = made.render();
    decided(made, prompt(1, 2));
    expect(made.render()).toBe(before);
  });

  it('does not pile a shared system prompt up on one worker', () => {
    const made = scheduler(['a', 'b', 'c', 'd']);
    for (const worker of ['a', 'b', 'c', 'd']) stored(made, worker, prompt(1, 2, 3, 4));
    const tally = new Map<string, number>();
    for (let index = 0; index < 40; index += 1) {
      const { workerId: chosen } = decided(made, prompt(1, 2, 3, 4, 100 + index), { id: `r${index}` });
      tally.set(chosen, (tally.get(chosen) ?? 0) + 1);
    }
    expect([...tally.values()]).toEqual([10, 10, 10, 10]);
  });

  it('leaves prefill and overlap out of a decode choice', () => {
    const made = scheduler(['a', 'b']);
    stored(made, 'a', prompt(1, 2, 3));
    decided(made, prompt(9), { id: 'r1', constraints: { pinnedWorkerId: workerId('a') } });
    const decision = decided(made, prompt(1, 2, 3), {
      overrides: { overlapScoreCredit: 0, trackPrefillTokens: false },
    });
    expect(decision.workerId).toBe('b');
  });

  it.each([
    ['no worker', [], {}, 'SCHED_NO_TARGETS'],
    ['only excluded workers', ['a'], { excludedWorkerIds: [workerId('a')] }, 'SCHED_NO_ELIGIBLE_TARGETS'],
    ['an absent pinned worker', ['a'], { pinnedWorkerId: workerId('z') }, 'SCHED_PINNED_UNAVAILABLE'],
    ['a taint that nobody has', ['b'], { requiredTaints: ['zone=north'] }, 'SCHED_NO_ELIGIBLE_TARGETS'],
  ])('rejects with %s', (_what, workers, constraints, code) => {
    expect(route(scheduler(workers), prompt(1), { constraints })).toMatchObject({ kind: 'rejected', code });
  });

  it('keeps to allowed workers and required taints', () => {
    const made = scheduler(['a', 'b', 'c']);
    expect(decided(made, prompt(1), { constraints: { allowedWorkerIds: [workerId('c')] } }).workerId).toBe(
      'c',
    );
    expect(decided(made, prompt(1), { constraints: { requiredTaints: ['zone=north'] } }).workerId).toBe('a');
  });

  it('sends a request of an adapter to targets that serve it, or do not say', () => {
    const made = scheduler([]);
    const served = { a: new Set(['sql']), b: new Set<string>(), c: null };
    for (const [worker, loraNames] of Object.entries(served)) {
      const target = { workerId: workerId(worker), rank: 0, taints: [], loraNames };
      made.step({ kind: 'targetAdded', target, isEligible: true });
    }
    const chosenFor = (loraName?: string): ReadonlySet<string> =>
      new Set(
        Array.from(
          { length: 30 },
          (_, index) => decided(made, prompt(index), { constraints: { loraName } }).workerId,
        ),
      );
    expect(chosenFor('sql')).toEqual(new Set(['a', 'c']));
    expect(chosenFor('poetry')).toEqual(new Set(['c']));
    expect(chosenFor()).toEqual(new Set(['a', 'b', 'c']));
    made.step({ kind: 'targetRemoved', workerId: workerId('c'), rank: 0 });
    expect(route(made, prompt(1), { constraints: { loraName: 'poetry' } })).toMatchObject({
      code: 'SCHED_NO_ELIGIBLE_TARGETS',
      message: expect.stringContaining('without the adapter "poetry"') as string,
    });
  });

  it('skips a target that is set aside', () => {
    const made = scheduler(['a', 'b']);
    made.step({
      kind: 'targetUpdated',
      target: { workerId: workerId('a'), rank: 0, taints: [] },
      isEligible: false,
    });
    for (let index = 0; index < 5; index += 1) expect(decided(made, prompt(index)).workerId).toBe('b');
  });

  it('rejects a second booking of a request and one too many', () => {
    const made = scheduler(['a'], { bookingsMax: 1 });
    decided(made, prompt(1), { id: 'r1' });
    expect(route(made, prompt(1), { id: 'r1' })).toMatchObject({ code: 'SCHED_DUPLICATE_REQUEST' });
    expect(route(made, prompt(1), { id: 'r2' })).toMatchObject({ code: 'SCHED_BOOKINGS_FULL' });
  });

  it('rejects one too many of a caller, whose ended bookings count no more, and takes those of others', () => {
    const made = scheduler(['a'], { bookingsPerCallerMax: 2, bookingTtlMs: 1_000 });
    const book = (id: string, caller: string | undefined, nowMs = 0) =>
      made.step({ kind: 'route', requestId: requestId(id), caller, prompt: prompt(1), nowMs })[0];
    for (const id of ['r1', 'r2']) expect(book(id, 'x')).toMatchObject({ kind: 'routed' });
    expect(book('r3', 'x')).toMatchObject({ kind: 'rejected', code: 'SCHED_CALLER_FULL' });
    expect(book('r4', 'y')).toMatchObject({ kind: 'routed' });
    expect(book('r5', undefined)).toMatchObject({ kind: 'routed' });
    made.step({ kind: 'freed', requestId: requestId('r1') });
    expect(book('r6', 'x')).toMatchObject({ kind: 'routed' });
    made.step({ kind: 'tick', nowMs: 2_000 });
    for (const id of ['r7', 'r8']) expect(book(id, 'x', 2_000)).toMatchObject({ kind: 'routed' });
  });

  it('takes turns in round-robin mode', () => {
    const made = scheduler(['a', 'b', 'c'], { mode: 'round-robin' });
    const turns = ['1', '2', '3', '4'].map((id) => decided(made, prompt(1), { id }).workerId);
    expect(turns).toEqual(['a', 'b', 'c', 'a']);
    // Who only asks takes nobody's turn.
    expect([1, 2].map(() => decided(made, prompt(1)).workerId)).toEqual(['b', 'b']);
  });

  it('reaches everybody in random mode', () => {
    const made = scheduler(['a', 'b', 'c'], { mode: 'random' });
    expect(new Set(Array.from({ length: 60 }, () => decided(made, prompt(1)).workerId)).size).toBe(3);
  });
});

describe('bookings', () => {
  it('count blocks that running requests share once', () => {
    const made = scheduler(['a']);
    decided(made, prompt(1, 2, 3), { id: 'r1' });
    decided(made, prompt(1, 2, 4), { id: 'r2' });
    expect(made.render()).toContain('requests 2, prefill tokens 24, active blocks 4');
  });

  it('stop counting prefill tokens at the first token', () => {
    const made = scheduler(['a']);
    decided(made, prompt(1, 2), { id: 'r1' });
    expect(made.step({ kind: 'prefillCompleted', requestId: requestId('r1') })).toEqual([
      { kind: 'prefillMarked', requestId: 'r1' },
    ]);
    expect(made.render()).toContain('prefill tokens 0, active blocks 2');
  });

  it('grow by a block for every block of output', () => {
    const made = scheduler(['a']);
    decided(made, prompt(1), { id: 'r1' });
    for (let token = 0; token < 9; token += 1) {
      made.step({ kind: 'outputTokens', requestId: requestId('r1'), tokenCount: 1 });
    }
    expect(made.render()).toContain('active blocks 3');
  });

  it('expire by age, oldest first', () => {
    const made = scheduler(['a'], { bookingTtlMs: 100 });
    decided(made, prompt(1), { id: 'old', nowMs: 0 });
    decided(made, prompt(2), { id: 'new', nowMs: 60 });
    expect(made.step({ kind: 'tick', nowMs: 120 })).toEqual([{ kind: 'expired', requestIds: ['old'] }]);
    expect(made.bookingCount).toBe(1);
  });

  it('end with their target, whose number is used again from zero', () => {
    const made = scheduler(['a', 'b']);
    decided(made, prompt(1), { id: 'r1', constraints: { pinnedWorkerId: workerId('a') } });
    made.step({ kind: 'targetRemoved', workerId: workerId('a'), rank: 0 });
    made.step({
      kind: 'targetAdded',
      target: { workerId: workerId('c'), rank: 0, taints: [] },
      isEligible: true,
    });
    expect(made.bookingCount).toBe(0);
    expect(made.render()).toContain(
      'c/0 eligible holds 0 blocks, requests 0, prefill tokens 0, active blocks 0',
    );
  });

  it('answer an unknown request with unknownRequest', () => {
    expect(scheduler(['a']).step({ kind: 'freed', requestId: requestId('r9') })).toEqual([
      { kind: 'unknownRequest', requestId: 'r9' },
    ]);
  });

  it('leave no load behind whatever the order of happenings', () => {
    const happening = fc.record({
      kind: fc.constantFrom(
        'route',
        'prefillCompleted',
        'outputTokens',
        'freed',
        'tick',
        'stored',
        'removed',
      ),
      id: fc.integer({ min: 0, max: 12 }),
      blocks: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 6 }),
    });
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 80 }), fc.boolean(), (all, assumeKvReuse) => {
        const made = scheduler(['a', 'b', 'c'], { bookingTtlMs: 30, assumeKvReuse });
        all.forEach(({ kind, id, blocks }, nowMs) => {
          const request = requestId(`r${id}`);
          if (kind === 'route') route(made, prompt(...blocks), { id: `r${id}`, nowMs });
          else if (kind === 'prefillCompleted') made.step({ kind, requestId: request });
          else if (kind === 'outputTokens')
            made.step({ kind, requestId: request, tokenCount: blocks.length });
          else if (kind === 'freed') made.step({ kind, requestId: request });
          else if (kind === 'tick') made.step({ kind, nowMs });
          else if (kind === 'stored') stored(made, ['a', 'b', 'c'][id % 3] ?? 'a', prompt(...blocks));
          else
            made.step({
              kind: 'kvRemoved',
              workerId: workerId('a'),
              rank: 0,
              hashes: hashes(prompt(...blocks)),
            });
        });
        made.step({ kind: 'tick', nowMs: 1e9 });
        expect(made.bookingCount).toBe(0);
        for (const load of made.potentialLoads(prompt())) {
          expect(load).toMatchObject({
            potentialPrefillTokens: 0,
            potentialDecodeBlocks: 0,
            activeRequests: 0,
          });
        }
      }),
    );
  });

  it('put the same blocks on a target as a naive count', () => {
    const booking = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(booking, { maxLength: 12 }),
        fc.array(fc.nat(11), { maxLength: 8 }),
        (all, freed) => {
          const made = scheduler(['a']);
          all.forEach((blocks, index) => decided(made, prompt(...blocks), { id: `r${index}` }));
          for (const index of freed) made.step({ kind: 'freed', requestId: requestId(`r${index}`) });
          const prefixes = new Set<string>();
          all.forEach((blocks, index) => {
            if (freed.includes(index)) return;
            blocks.forEach((_, depth) => prefixes.add(blocks.slice(0, depth + 1).join()));
          });
          expect(made.potentialLoads(prompt())[0]?.potentialDecodeBlocks).toBe(prefixes.size);
        },
      ),
    );
  });
});

describe('KV inputs', () => {
  it('report a parent that the target does not hold', () => {
    const made = scheduler(['a']);
    const held = prompt(1, 2, 3);
    const words = hashes(held);
    expect(
      made.step({
        kind: 'kvStored',
        workerId: workerId('a'),
        rank: 0,
        parent: words.slice(2, 4),
        hashes: words.slice(4),
      }),
    ).toEqual([{ kind: 'unknownParent', workerId: 'a', rank: 0 }]);
  });

  it('count a restored chain whose parent is missing once the parent is back', () => {
    const made = scheduler(['a']);
    const words = hashes(prompt(1, 2));
    made.step({
      kind: 'kvRestored',
      workerId: workerId('a'),
      rank: 0,
      parent: words.slice(0, 2),
      hashes: words.slice(2),
    });
    expect(made.overlapScores(prompt(1, 2))[0]?.overlapBlocks).toBe(0);
    made.step({
      kind: 'kvStored',
      workerId: workerId('a'),
      rank: 0,
      parent: null,
      hashes: words.slice(0, 2),
    });
    expect(made.overlapScores(prompt(1, 2))[0]?.overlapBlocks).toBe(2);
  });

  it('forget all blocks of a cleared target', () => {
    const made = scheduler(['a']);
    stored(made, 'a', prompt(1, 2));
    made.step({ kind: 'kvCleared', workerId: workerId('a'), rank: 0 });
    expect(made.overlapScores(prompt(1, 2))[0]?.overlapBlocks).toBe(0);
  });

  it('name a target that is not there', () => {
    expect(scheduler([]).step({ kind: 'kvCleared', workerId: workerId('x'), rank: 3 })).toEqual([
      { kind: 'unknownTarget', workerId: 'x', rank: 3 },
    ]);
  });
});
