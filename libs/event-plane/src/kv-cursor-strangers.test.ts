import type { KvEvent, KvEventBatch } from '@kvasir/contract';
import { incarnation, workerId } from '@kvasir/units';
import { beforeEach, describe, expect, it } from 'vitest';
import { KvCursor, NUMBER_LEAP_MAX, type CursorEffect, type CursorInput } from './kv-cursor.js';
import { PendingBudget } from './pending-budget.js';

const PENDING_MAX = 3;
const REMOVED: KvEvent = { kind: 'removed', hashes: Uint32Array.of(1, 2) };

const batchOf = (batchNumber: number, event: KvEvent = REMOVED): KvEventBatch => ({
  workerId: workerId('w'),
  incarnation: incarnation('i'),
  rank: 0,
  batchNumber,
  events: [event],
});
const arrives = (batchNumber: number): CursorInput => ({ kind: 'batch', batch: batchOf(batchNumber) });
const clears = (batchNumber: number): CursorInput => ({
  kind: 'batch',
  batch: batchOf(batchNumber, { kind: 'cleared' }),
});

/** Effects in short: what they are, and the number that matters. */
const brief = (effects: readonly CursorEffect[]): string[] =>
  effects.map((effect) => {
    if (effect.kind === 'apply') return `apply ${effect.batch.batchNumber}`;
    if (effect.kind === 'recover')
      return effect.want.kind === 'snapshot'
        ? `restore #${effect.ticket}`
        : `fetch from ${effect.want.from} #${effect.ticket}`;
    if (effect.kind === 'replace') return `replace by ${effect.batchNumber} #${effect.ticket}`;
    if (effect.kind === 'retryLater') return `retry ${effect.attempt} #${effect.ticket}`;
    return `cancel #${effect.ticket}`;
  });

describe('KvCursor against strangers', () => {
  const far = 5 + NUMBER_LEAP_MAX + 1;
  let cursor: KvCursor;
  let budget: PendingBudget;
  const step = (input: CursorInput): string[] => brief(cursor.step(input));
  beforeEach(() => {
    budget = new PendingBudget(200);
    cursor = new KvCursor(PENDING_MAX, budget);
    step({ kind: 'start' });
    step({ kind: 'snapshotArrived', ticket: 1, batchNumber: 5 });
    step({ kind: 'replaced', ticket: 1, batchNumber: 5 });
  });

  it('a clear whose number leaps beyond what can be is not applied, only asked about', () => {
    expect(step(clears(far))).toEqual(['fetch from 6 #2']);
    expect(step(arrives(6))).toEqual(['apply 6']);
    expect(step({ kind: 'recoveryEnded', ticket: 2, newestNumber: 6 })).not.toContain(`apply ${far}`);
    expect(cursor.counts().refusedBatches).toBe(1);
    expect(step(clears(6 + NUMBER_LEAP_MAX))).toEqual(
      expect.arrayContaining([`apply ${6 + NUMBER_LEAP_MAX}`]),
    );
  });

  it('what does not exist is asked for ever more rarely, until a number is right', () => {
    const ticketOf = (effects: readonly CursorEffect[]): number => {
      const [effect] = effects;
      if (effect === undefined || !('ticket' in effect)) throw new Error('nothing was asked');
      return effect.ticket;
    };
    const attempts: string[] = [];
    for (let time = 0; time < 4; time += 1) {
      const effects = cursor.step({ kind: 'announced', batchNumber: 1_000 });
      attempts.push(effects[0]?.kind === 'retryLater' ? `later ${effects[0].attempt}` : 'now');
      let ticket = ticketOf(effects);
      if (effects[0]?.kind === 'retryLater') ticket = ticketOf(cursor.step({ kind: 'retryDue', ticket }));
      cursor.step({ kind: 'recoveryEnded', ticket, newestNumber: 5 });
    }
    expect(attempts).toEqual(['now', 'later 1', 'later 2', 'later 3']);
    step({ kind: 'announced', batchNumber: 5 });
    expect(step({ kind: 'announced', batchNumber: 1_000 })[0]).toMatch(/^fetch from 6/);
  });

  it('a publisher that is asked and names less than was applied replaces the set with one answer', () => {
    step(clears(500));
    expect(step({ kind: 'doubted' })).toEqual(['fetch from 501 #2']);
    expect(step({ kind: 'snapshotArrived', ticket: 2, batchNumber: 7 })).toEqual(['replace by 7 #2']);
    expect(step({ kind: 'replaced', ticket: 2, batchNumber: 7 })[0]).toMatch(/^fetch from 8/);
  });

  it('a doubt that was none changes nothing', () => {
    expect(step({ kind: 'doubted' })).toEqual(['fetch from 6 #2']);
    expect(step({ kind: 'recoveryEnded', ticket: 2, newestNumber: 5 })).toEqual([]);
    expect(cursor.state()).toMatchObject({ phase: 'live', appliedNumber: 5 });
    expect(step(arrives(6))).toEqual(['apply 6']);
  });

  it('what waits takes no more memory than there is for it, and gives it back', () => {
    step(arrives(7));
    step(arrives(8));
    step(arrives(9));
    step(arrives(10));
    expect(cursor.state().pendingBatches).toBe(3);
    expect(cursor.counts().droppedBatches).toBe(1);
    const other = new KvCursor(PENDING_MAX, budget);
    other.step(arrives(3));
    expect(other.state().pendingBatches).toBe(0);
    cursor.close();
    other.step(arrives(4));
    expect(other.state().pendingBatches).toBe(1);
  });
});
