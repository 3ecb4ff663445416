import { PromptBlocks } from '@kvasir/block-hash';
import { requestId, routerId, seededPrng, workerId } from '@kvasir/units';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RouteConstraints, SchedulerEffect } from '../messages.js';
import { SCHEDULER_OPTIONS_DEFAULT } from '../options.js';
import type { QueueOptions } from '../options.js';
import { Scheduler } from '../scheduler.js';

const BLOCK_SIZE = 4;
const QUEUE = { prefillTokensMax: 10, requestsMax: 4 };

/** Targets a, b, … with a queue; every prompt is new to all of them. */
class Pool {
  readonly scheduler: Scheduler;
  #prompts = 0;

  constructor(targets: readonly string[], queue: QueueOptions | null = QUEUE) {
    this.scheduler = new Scheduler(
      { ...SCHEDULER_OPTIONS_DEFAULT, blockSize: BLOCK_SIZE, queue },
      seededPrng(1),
    );
    for (const target of targets) this.put(target);
  }

  put(target: string, isEligible = true): readonly string[] {
    const spec = { workerId: workerId(target), rank: 0, taints: [] };
    return told(this.scheduler.step({ kind: 'targetAdded', target: spec, isEligible }));
  }

  ask(
    id: string,
    options: { tokens?: number; priority?: number; constraints?: RouteConstraints; waits?: boolean } = {},
  ): readonly string[] {
    this.#prompts += 1;
    const first = this.#prompts * 10_000;
    const tokens = Uint32Array.from({ length: options.tokens ?? 16 }, (_, index) => first + index);
    const wait = options.waits === false ? undefined : { priority: options.priority ?? 0 };
    return told(
      this.scheduler.step({
        kind: 'route',
        requestId: requestId(id),
        prompt: new PromptBlocks(tokens, BLOCK_SIZE),
        constraints: options.constraints,
        wait,
        nowMs: 0,
      }),
    );
  }

  computed(id: string): readonly string[] {
    return told(this.scheduler.step({ kind: 'prefillCompleted', requestId: requestId(id) }));
  }

  free(id: string): readonly string[] {
    return told(this.scheduler.step({ kind: 'freed', requestId: requestId(id) }));
  }
}

const told = (effects: readonly SchedulerEffect[]): readonly string[] =>
  effects.map((effect) => {
    switch (effect.kind) {
      case 'routed':
        return `routed ${effect.decision.workerId}`;
      case 'placed':
        return `${effect.requestId} placed ${effect.decision.workerId}`;
      case 'queued':
        return 'queued';
      case 'rejected':
        return effect.code;
      case 'refused':
        return `${effect.requestId} ${effect.code}`;
      default:
        return effect.kind;
    }
  });

describe('waiting for a target', () => {
  it('tells everybody at once when the last target leaves', () => {
    const waitingCount = 500;
    const pool = new Pool(['a'], { prefillTokensMax: 10, requestsMax: waitingCount });
    pool.ask('busy');
    for (let index = 0; index < waitingCount; index += 1) expect(pool.ask(`r${index}`)).toEqual(['queued']);
    const effects = pool.scheduler.step({ kind: 'targetRemoved', workerId: workerId('a'), rank: 0 });
    expect(effects.filter(({ kind }) => kind === 'refused')).toHaveLength(waitingCount);
  });

  it('begins when every target has more to compute than it may, and ends when one has not', () => {
    const pool = new Pool(['a', 'b']);
    expect([pool.ask('r1'), pool.ask('r2')].flat().toSorted()).toEqual(['routed a', 'routed b']);
    expect(pool.ask('r3')).toEqual(['queued']);
    expect(pool.scheduler.waitingCount).toBe(1);
    expect(pool.computed('r1')).toEqual(['prefillMarked', 'r3 placed a']);
    expect(pool.scheduler.waitingCount).toBe(0);
    expect(pool.scheduler.bookingCount).toBe(3);
  });

  it('is for those only who may', () => {
    const pool = new Pool(['a']);
    pool.ask('r1');
    expect(pool.ask('r2', { waits: false })).toEqual(['routed a']);
    const without = new Pool(['a'], null);
    expect([without.ask('r1'), without.ask('r2')]).toEqual([['routed a'], ['routed a']]);
  });

  it('lets higher priorities go first, and equals in the order in which they came', () => {
    const pool = new Pool(['a']);
    pool.ask('r1');
    for (const [id, priority] of [
      ['low', -1],
      ['one', 0],
      ['high', 5],
      ['two', 0],
    ] as const)
      expect(pool.ask(id, { priority })).toEqual(['queued']);
    const order: string[] = [];
    for (let last = 'r1'; order.length < 4; last = order.at(-1) ?? '') {
      const [, placed = ''] = pool.free(last);
      order.push(placed.split(' ')[0] ?? '');
    }
    expect(order).toEqual(['high', 'one', 'two', 'low']);
  });

  it('lets nobody overtake who could go to the same target', () => {
    const pool = new Pool(['a']);
    pool.ask('r1');
    pool.ask('r2');
    // There is room from here on, but r2 was first.
    expect(pool.computed('r1')).toEqual(['prefillMarked', 'r2 placed a']);
    expect(pool.ask('r3')).toEqual(['queued']);
  });

  it('does not keep those who can go elsewhere behind one that is bound to a busy target', () => {
    const pool = new Pool(['a', 'b']);
    const only = (target: string) => ({ constraints: { allowedWorkerIds: [workerId(target)] } });
    pool.ask('r1', only('a'));
    expect(pool.ask('r2', only('a'))).toEqual(['queued']);
    expect(pool.ask('r3')).toEqual(['routed b']);
    expect(pool.free('r1')).toEqual(['released', 'r2 placed a']);
  });

  it('has a limit', () => {
    const pool = new Pool(['a']);
    pool.ask('r1');
    for (let index = 0; index < QUEUE.requestsMax; index += 1) pool.ask(`w${index}`);
    expect(pool.ask('over')).toEqual(['SCHED_QUEUE_FULL']);
    expect(pool.ask('w0')).toEqual(['SCHED_DUPLICATE_REQUEST']);
  });

  it('ends when the request is given up', () => {
    const pool = new Pool(['a']);
    pool.ask('r1');
    pool.ask('r2');
    expect(pool.free('r2')).toEqual(['released', 'r2 SCHED_WAIT_ENDED']);
    expect(pool.free('r2')).toEqual(['unknownRequest']);
    expect(pool.free('r1')).toEqual(['released']);
  });

  it('ends when a target comes, and with a refusal when the last one goes', () => {
    const pool = new Pool(['a']);
    pool.ask('r1');
    pool.ask('r2');
    expect(pool.put('b')).toEqual(['r2 placed b']);
    pool.ask('r3');
    expect(pool.put('b', false)).toEqual([]);
    expect(pool.put('a', false)).toEqual(['r3 SCHED_NO_ELIGIBLE_TARGETS']);
  });

  it('ends when another router of the pool frees what it has booked', () => {
    const pool = new Pool(['a']);
    const peer = routerId('peer');
    const load = { workerId: workerId('a'), rank: 0, prefillTokens: 100, blocks: 0, requests: 1 };
    pool.scheduler.step({ kind: 'peerLoads', peer, loads: [load], isWhole: true });
    expect(pool.ask('r1')).toEqual(['queued']);
    expect(told(pool.scheduler.step({ kind: 'peerLoads', peer, loads: [], isWhole: true }))).toEqual([
      'r1 placed a',
    ]);
    pool.scheduler.step({ kind: 'peerLoads', peer, loads: [load], isWhole: true });
    pool.ask('r2');
    expect(told(pool.scheduler.step({ kind: 'peerGone', peer }))).toEqual([]);
    pool.free('r1');
    expect(pool.scheduler.waitingCount).toBe(0);
  });

  it('loses nobody: whoever waits is placed once the others are done, whatever happens', () => {
    const action = fc.oneof(
      fc.record({
        kind: fc.constant('ask'),
        priority: fc.nat({ max: 2 }),
        tokens: fc.integer({ min: 1, max: 40 }),
      }),
      fc.record({ kind: fc.constant('compute'), pick: fc.nat() }),
      fc.record({ kind: fc.constant('free'), pick: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const pool = new Pool(['a', 'b'], { prefillTokensMax: 20, requestsMax: 1_000 });
        const [booked, waiting] = [new Set<string>(), new Set<string>()];
        const note = (lines: readonly string[]): void => {
          for (const line of lines) {
            const [id = '', what] = line.split(' ');
            if (what === 'placed' && waiting.delete(id)) booked.add(id);
          }
        };
        let asked = 0;
        for (const act of actions) {
          if (act.kind === 'ask' && 'tokens' in act) {
            const id = `r${(asked += 1)}`;
            const lines = pool.ask(id, act);
            expect(lines).toHaveLength(1);
            if (lines[0] === 'queued') waiting.add(id);
            else booked.add(id);
          } else if ('pick' in act) {
            const ids = [...booked];
            const id = ids[act.pick % Math.max(1, ids.length)];
            if (id === undefined) continue;
            if (act.kind === 'free') booked.delete(id);
            note(act.kind === 'free' ? pool.free(id) : pool.computed(id));
          }
          expect(pool.scheduler.waitingCount).toBe(waiting.size);
          const { prefillTokensMax } = { prefillTokensMax: 20 };
          const areBusy = pool.scheduler
            .loads()
            .every(({ prefillTokens }) => prefillTokens > prefillTokensMax);
          if (waiting.size > 0) expect(areBusy).toBe(true);
        }
        for (let id = [...booked][0]; id !== undefined; id = [...booked][0]) {
          booked.delete(id);
          note(pool.free(id));
        }
        expect([waiting.size, pool.scheduler.waitingCount, pool.scheduler.bookingCount]).toEqual([0, 0, 0]);
      }),
      { numRuns: 300 },
    );
  });
});
