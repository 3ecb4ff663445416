import type { KvEvent, KvEventBatch } from '@kvasir/contract';
import { incarnation, seededPrng, workerId } from '@kvasir/units';
import { beforeEach, describe, expect, it } from 'vitest';
import { KvCursor, type CursorEffect, type CursorInput } from './kv-cursor.js';
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

describe('KvCursor', () => {
  let cursor: KvCursor;
  const step = (input: CursorInput): string[] => brief(cursor.step(input));

  beforeEach(() => {
    cursor = new KvCursor(PENDING_MAX, new PendingBudget(1e6));
  });

  /** Brings the cursor to `live` with everything up to `batchNumber` applied; the first ticket is used up. */
  function goLive(batchNumber: number): void {
    step({ kind: 'start' });
    step({ kind: 'snapshotArrived', ticket: 1, batchNumber });
    step({ kind: 'replaced', ticket: 1, batchNumber });
    expect(cursor.state()).toMatchObject({ phase: 'live', appliedNumber: batchNumber });
  }

  describe('initial', () => {
    it('start restores the whole set before anything live is applied', () => {
      expect(step({ kind: 'start' })).toEqual(['restore #1']);
      expect(step(arrives(6))).toEqual([]);
      expect(step(arrives(5))).toEqual([]);
      expect(step({ kind: 'snapshotArrived', ticket: 1, batchNumber: 5 })).toEqual(['replace by 5 #1']);
      expect(step(arrives(7))).toEqual([]);
      expect(step({ kind: 'replaced', ticket: 1, batchNumber: 5 })).toEqual(['apply 6', 'apply 7']);
      expect(cursor.state()).toEqual({
        phase: 'live',
        appliedNumber: 7,
        pendingBatches: 0,
        failedAttempts: 0,
      });
      expect(cursor.counts()).toMatchObject({ recoveredBySnapshot: 1, appliedBatches: 2, gaps: 0 });
    });

    it.each<[string, CursorInput]>([
      ['a batch', arrives(4)],
      ['an announcement', { kind: 'announced', batchNumber: 4 }],
    ])('%s starts it as well', (_what, input) => {
      expect(step(input)).toEqual(['restore #1']);
      expect(step({ kind: 'start' })).toEqual([]);
    });

    it('an empty snapshot of a publisher that has published nothing is a state like any other', () => {
      step({ kind: 'start' });
      step({ kind: 'snapshotArrived', ticket: 1, batchNumber: 0 });
      expect(step({ kind: 'replaced', ticket: 1, batchNumber: 0 })).toEqual([]);
      expect(step(arrives(1))).toEqual(['apply 1']);
    });
  });

  describe('live', () => {
    beforeEach(() => goLive(5));

    it('applies the next batch', () => {
      expect(step(arrives(6))).toEqual(['apply 6']);
      expect(step(arrives(7))).toEqual(['apply 7']);
    });

    it('ignores a batch that it has', () => {
      expect(step(arrives(5))).toEqual([]);
      expect(step(arrives(1))).toEqual([]);
      expect(cursor.counts().staleBatches).toBe(2);
    });

    it('keeps what comes behind a gap and fetches what is missing', () => {
      expect(step(arrives(8))).toEqual(['fetch from 6 #2']);
      expect(cursor.state()).toMatchObject({ phase: 'catchingUp', appliedNumber: 5, pendingBatches: 1 });
      expect(cursor.counts().gaps).toBe(1);
    });

    it('fetches the end when it was lost and nothing follows', () => {
      expect(step({ kind: 'announced', batchNumber: 5 })).toEqual([]);
      expect(step({ kind: 'announced', batchNumber: 3 })).toEqual([]);
      expect(step({ kind: 'announced', batchNumber: 7 })).toEqual(['fetch from 6 #2']);
    });

    it('passes a clear over a gap: what is missing before it is void', () => {
      expect(step(clears(9))).toEqual(['apply 9']);
      expect(cursor.state()).toMatchObject({ phase: 'live', appliedNumber: 9 });
      expect(step(arrives(8))).toEqual([]);
      expect(cursor.counts()).toMatchObject({ gaps: 0, staleBatches: 1 });
    });

    it('ignores a clear that it has', () => {
      expect(step(clears(5))).toEqual([]);
    });

    it('resync restores the whole set', () => {
      expect(step({ kind: 'resync' })).toEqual(['restore #2']);
      expect(step({ kind: 'resync' })).toEqual([]);
      expect(step(arrives(6))).toEqual([]);
      expect(step({ kind: 'snapshotArrived', ticket: 2, batchNumber: 6 })).toEqual(['replace by 6 #2']);
      expect(step({ kind: 'resync' })).toEqual([]);
      expect(step({ kind: 'replaced', ticket: 2, batchNumber: 6 })).toEqual([]);
      expect(cursor.state()).toMatchObject({ phase: 'live', appliedNumber: 6, pendingBatches: 0 });
      expect(cursor.counts().resyncs).toBe(1);
    });

    it.each<CursorInput>([
      { kind: 'snapshotArrived', ticket: 1, batchNumber: 9 },
      { kind: 'replaced', ticket: 1, batchNumber: 9 },
      { kind: 'recoveryEnded', ticket: 1, newestNumber: 9 },
      { kind: 'recoveryFailed', ticket: 1 },
      { kind: 'retryDue', ticket: 1 },
    ])('ignores what comes of a recovery that is over: %j', (input) => {
      expect(step(input)).toEqual([]);
      expect(cursor.state()).toMatchObject({ phase: 'live', appliedNumber: 5 });
    });
  });

  describe('catching up', () => {
    beforeEach(() => {
      goLive(5);
      expect(step(arrives(8))).toEqual(['fetch from 6 #2']);
    });

    it('applies missing batches as they come, then what waited, and stops asking', () => {
      expect(step(arrives(6))).toEqual(['apply 6']);
      expect(step(arrives(7))).toEqual(['apply 7', 'apply 8', 'cancel #2']);
      expect(cursor.state()).toMatchObject({ phase: 'live', appliedNumber: 8, pendingBatches: 0 });
      expect(cursor.counts().recoveredByBatches).toBe(1);
      expect(step({ kind: 'recoveryEnded', ticket: 2, newestNumber: 8 })).toEqual([]);
    });

    it('counts a batch that waits already as stale', () => {
      expect(step(arrives(8))).toEqual([]);
      expect(cursor.counts().staleBatches).toBe(1);
    });

    it('drops the newest beyond its limit and fetches them afterwards', () => {
      for (const batchNumber of [10, 11, 12, 13]) expect(step(arrives(batchNumber))).toEqual([]);
      expect(cursor.state().pendingBatches).toBe(PENDING_MAX);
      expect(cursor.counts().droppedBatches).toBe(2);
      for (const batchNumber of [6, 7]) step(arrives(batchNumber));
      expect(step(arrives(9))).toEqual(['apply 9', 'apply 10', 'apply 11']);
      expect(step({ kind: 'recoveryEnded', ticket: 2, newestNumber: 11 })).toEqual(['fetch from 12 #3']);
    });

    it('fetches again when more is missing behind what was recovered', () => {
      step(arrives(10));
      step(arrives(6));
      step(arrives(7));
      expect(step({ kind: 'recoveryEnded', ticket: 2, newestNumber: 8 })).toEqual(['fetch from 9 #3']);
      expect(cursor.state()).toMatchObject({ phase: 'catchingUp', appliedNumber: 8, pendingBatches: 1 });
    });

    it('takes the whole set when the publisher no longer has the batches', () => {
      expect(step({ kind: 'snapshotArrived', ticket: 2, batchNumber: 9 })).toEqual(['replace by 9 #2']);
      expect(step({ kind: 'replaced', ticket: 2, batchNumber: 9 })).toEqual([]);
      expect(cursor.state()).toMatchObject({ phase: 'live', appliedNumber: 9, pendingBatches: 0 });
    });

    it('does not go back to a snapshot that late batches have overtaken', () => {
      step(arrives(10));
      step(arrives(6));
      step(arrives(7));
      expect(cursor.state().appliedNumber).toBe(8);
      expect(step({ kind: 'snapshotArrived', ticket: 2, batchNumber: 7 })).toEqual(['fetch from 9 #3']);
    });

    it('stops waiting for a number that the publisher does not know', () => {
      expect(step({ kind: 'recoveryEnded', ticket: 2, newestNumber: 5 })).toEqual([]);
      expect(cursor.state()).toMatchObject({ phase: 'live', appliedNumber: 5, pendingBatches: 0 });
      expect(cursor.counts().droppedBatches).toBe(1);
    });

    it('restores the whole set of a publisher that has started over', () => {
      expect(step({ kind: 'recoveryEnded', ticket: 2, newestNumber: 2 })).toEqual(['restore #3']);
      expect(step({ kind: 'snapshotArrived', ticket: 3, batchNumber: 2 })).toEqual(['replace by 2 #3']);
      expect(step({ kind: 'replaced', ticket: 3, batchNumber: 2 })).toEqual(['fetch from 3 #4']);
    });

    it('passes a clear and what waited behind it, and stops asking', () => {
      step(arrives(10));
      expect(step(clears(9))).toEqual(['cancel #2', 'apply 9', 'apply 10']);
      expect(cursor.state()).toMatchObject({ phase: 'live', appliedNumber: 10, pendingBatches: 0 });
    });

    it('tries again after failures, from where it is then', () => {
      expect(step({ kind: 'recoveryFailed', ticket: 2 })).toEqual(['retry 1 #2']);
      expect(step(arrives(6))).toEqual(['apply 6']);
      expect(step({ kind: 'retryDue', ticket: 2 })).toEqual(['fetch from 7 #3']);
      expect(step({ kind: 'recoveryFailed', ticket: 3 })).toEqual(['retry 2 #3']);
      expect(cursor.state()).toMatchObject({ phase: 'catchingUp', failedAttempts: 2, pendingBatches: 1 });
      expect(step({ kind: 'retryDue', ticket: 3 })).toEqual(['fetch from 7 #4']);
      expect(step(arrives(7))).toEqual(['apply 7', 'apply 8', 'cancel #4']);
      expect(cursor.state().failedAttempts).toBe(0);
      expect(cursor.counts().failedRecoveries).toBe(2);
    });

    it('resync replaces the fetch by a restore and keeps what waits', () => {
      expect(step({ kind: 'resync' })).toEqual(['cancel #2', 'restore #4']);
      expect(cursor.state()).toMatchObject({ phase: 'restoring', pendingBatches: 1 });
      step({ kind: 'snapshotArrived', ticket: 4, batchNumber: 7 });
      expect(step({ kind: 'replaced', ticket: 4, batchNumber: 7 })).toEqual(['apply 8']);
    });
  });

  describe('restoring', () => {
    beforeEach(() => {
      goLive(5);
      step({ kind: 'resync' });
    });

    it('takes an answer without a snapshot for a failed one', () => {
      expect(step({ kind: 'recoveryEnded', ticket: 2, newestNumber: 5 })).toEqual(['retry 1 #2']);
      expect(step({ kind: 'retryDue', ticket: 2 })).toEqual(['restore #3']);
    });

    it('starts over when the consumer could not take the snapshot', () => {
      step({ kind: 'snapshotArrived', ticket: 2, batchNumber: 6 });
      expect(step({ kind: 'recoveryFailed', ticket: 2 })).toEqual(['retry 1 #2']);
      expect(step({ kind: 'retryDue', ticket: 2 })).toEqual(['restore #3']);
      expect(cursor.state().appliedNumber).toBe(5);
    });

    it('a clear ends it, also while the snapshot is being handed over', () => {
      step({ kind: 'snapshotArrived', ticket: 2, batchNumber: 6 });
      step(arrives(9));
      expect(step(clears(8))).toEqual(['cancel #2', 'apply 8', 'apply 9']);
      expect(step({ kind: 'replaced', ticket: 2, batchNumber: 6 })).toEqual([]);
      expect(cursor.state()).toMatchObject({ phase: 'live', appliedNumber: 9 });
    });

    it('fetches what is missing behind the snapshot', () => {
      step(arrives(9));
      step({ kind: 'snapshotArrived', ticket: 2, batchNumber: 7 });
      expect(step({ kind: 'replaced', ticket: 2, batchNumber: 7 })).toEqual(['fetch from 8 #3']);
    });
  });
});

/**
 * A publisher, a network that may do anything to its messages, and a consumer that objects to every batch it should not get.
 * `act(choice)` does one of the things that can happen now.
 */
class World {
  readonly #cursor = new KvCursor(2, new PendingBudget(1e6));
  readonly #cleared = new Set([3, 7]);
  #published = 0;
  /** Number of the newest batch in the consumer's set; null while it is being replaced. */
  #held: number | null = null;
  #request: { ticket: number; from: number | null; publishedThen: number } | null = null;
  #retry: number | null = null;
  #replacing: { ticket: number; batchNumber: number } | null = null;

  act(choice: number): void {
    const { length } = ACTIONS;
    const action = ACTIONS[choice % length];
    if (action === 'publish') this.#published += 1;
    else if (action === 'lose') this.#published += 1;
    else if (action === 'announce') this.#step({ kind: 'announced', batchNumber: this.#published });
    else if (action === 'resync') this.#step({ kind: 'resync' });
    else if (action === 'answer now') this.#answer(this.#published, false);
    else if (action === 'answer as then') this.#answer(this.#request?.publishedThen ?? 0, false);
    else if (action === 'answer with the set') this.#answer(this.#request?.publishedThen ?? 0, true);
    else if (action === 'fail') this.#fail();
    else if (action === 'go on') this.#goOn();
    else if (action !== undefined) this.#deliver(action);
  }

  /** Traffic stops: the newest number is announced and every request is answered. */
  settle(): { phase: string; published: number; held: number | null; pendingBatches: number } {
    for (let round = 0; round < 50; round += 1) {
      this.#goOn();
      this.#answer(this.#published, false);
      this.#step({ kind: 'announced', batchNumber: this.#published });
    }
    const { phase, pendingBatches } = this.#cursor.state();
    return { phase, published: this.#published, held: this.#held, pendingBatches };
  }

  #deliver(batchesBack: number): void {
    const batchNumber = this.#published - batchesBack;
    if (batchNumber >= 1) this.#step({ kind: 'batch', batch: this.#batch(batchNumber) });
  }

  #batch(batchNumber: number): KvEventBatch {
    return this.#cleared.has(batchNumber) ? batchOf(batchNumber, { kind: 'cleared' }) : batchOf(batchNumber);
  }

  #answer(newestNumber: number, withSet: boolean): void {
    const request = this.#request;
    if (request === null) return;
    this.#request = null;
    if (request.from === null || withSet) {
      this.#step({ kind: 'snapshotArrived', ticket: request.ticket, batchNumber: newestNumber });
      return;
    }
    for (let number = request.from; number <= newestNumber; number += 1)
      this.#step({ kind: 'batch', batch: this.#batch(number) });
    this.#step({ kind: 'recoveryEnded', ticket: request.ticket, newestNumber });
  }

  #fail(): void {
    const ticket = this.#request?.ticket ?? this.#replacing?.ticket;
    if (ticket === undefined) return;
    this.#request = null;
    this.#replacing = null;
    this.#step({ kind: 'recoveryFailed', ticket });
  }

  #goOn(): void {
    if (this.#replacing !== null) {
      const { ticket, batchNumber } = this.#replacing;
      this.#replacing = null;
      this.#held = batchNumber;
      this.#step({ kind: 'replaced', ticket, batchNumber });
    } else if (this.#retry !== null) {
      const ticket = this.#retry;
      this.#retry = null;
      this.#step({ kind: 'retryDue', ticket });
    }
  }

  #step(input: CursorInput): void {
    for (const effect of this.#cursor.step(input)) this.#perform(effect);
  }

  #perform(effect: CursorEffect): void {
    switch (effect.kind) {
      case 'apply':
        this.#apply(effect.batch);
        return;
      case 'recover':
        this.#retry = null;
        this.#request = {
          ticket: effect.ticket,
          from: effect.want.kind === 'snapshot' ? null : effect.want.from,
          publishedThen: this.#published,
        };
        return;
      case 'replace':
        this.#held = null;
        this.#replacing = effect;
        return;
      case 'retryLater':
        this.#retry = effect.ticket;
        return;
      case 'cancel':
        this.#request = null;
        this.#replacing = null;
        this.#retry = null;
    }
  }

  #apply(batch: KvEventBatch): void {
    const { batchNumber } = batch;
    const isAllowed = this.#cleared.has(batchNumber)
      ? batchNumber > (this.#held ?? 0)
      : this.#held !== null && batchNumber === this.#held + 1;
    if (!isAllowed)
      throw new Error(`batch ${batchNumber} was applied to a set of ${this.#held ?? 'nothing'}`);
    this.#held = batchNumber;
  }
}

/** Numbers deliver the batch that many before the newest one. */
const ACTIONS = [
  'publish',
  0,
  1,
  2,
  'lose',
  'answer now',
  'go on',
  'answer as then',
  'announce',
  'fail',
  'resync',
  'answer with the set',
] as const;

describe('KvCursor against any network', () => {
  it('applies in order and ends with all that was published, after every sequence of 5 happenings', () => {
    const { length } = ACTIONS;
    for (let sequence = 0; sequence < length ** 5; sequence += 1) {
      const world = new World();
      // Something to be missed from the start.
      for (const choice of [0, 0]) world.act(choice);
      for (let rest = sequence, depth = 0; depth < 5; depth += 1, rest = Math.floor(rest / length))
        world.act(rest);
      const end = world.settle();
      if (end.phase !== 'live' || end.held !== end.published || end.pendingBatches !== 0)
        expect.fail(`sequence ${sequence} ends with ${JSON.stringify(end)}`);
    }
  });

  it('does so after long random sequences', () => {
    for (let seed = 0; seed < 2_000; seed += 1) {
      const prng = seededPrng(seed);
      const world = new World();
      for (let happening = 0; happening < 200; happening += 1) world.act(Math.floor(prng() * ACTIONS.length));
      const end = world.settle();
      expect(end, `seed ${seed}`).toEqual({
        phase: 'live',
        published: end.published,
        held: end.published,
        pendingBatches: 0,
      });
    }
  });
});
