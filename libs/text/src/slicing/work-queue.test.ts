import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WorkQueue } from './work-queue.js';

interface Done {
  readonly id: number;
  /** Units of all work that was done when it came, and when it was done. */
  readonly cameAt: number;
  readonly doneAt: number;
  readonly units: number;
}

/** Takes one unit at a time from whoever's turn it is; `arrivals[n]` come before the n-th. */
function run(arrivals: readonly (readonly number[])[]): readonly Done[] {
  const queue = new WorkQueue();
  const work: { readonly cameAt: number; readonly units: number; left: number }[] = [];
  const done: Done[] = [];
  let doneUnits = 0;
  for (let turn = 0; turn < arrivals.length || queue.size > 0; turn += 1) {
    for (const units of arrivals[turn] ?? []) {
      queue.add(work.length, units);
      work.push({ cameAt: doneUnits, units, left: units });
    }
    const id = queue.next();
    const entry = work[id ?? -1];
    if (id === null || entry === undefined) continue;
    queue.count(1);
    doneUnits += 1;
    entry.left -= 1;
    if (entry.left > 0) continue;
    queue.remove(id);
    done.push({ id, cameAt: entry.cameAt, units: entry.units, doneAt: doneUnits });
  }
  return done;
}

describe('WorkQueue', () => {
  it('lets small work overtake large, at once and while that is under way', () => {
    expect(run([[100, 3], [], [], [], [2]]).map(({ id }) => id)).toEqual([1, 2, 0]);
  });

  it('gives equal work its turn in the order it came', () => {
    expect(run([[2, 2, 2]]).map(({ id }) => id)).toEqual([0, 1, 2]);
  });

  it('does not let an endless flow of small work stop what is large', () => {
    const flow = Array.from({ length: 1000 }, (_, index) => (index === 0 ? [50, 1] : [1]));
    const large = run(flow).find(({ id }) => id === 0);
    expect(large?.doneAt).toBeLessThanOrEqual(101);
  });

  it('forgets what is given up', () => {
    const queue = new WorkQueue();
    queue.add(1, 5);
    queue.add(2, 9);
    queue.remove(1);
    queue.remove(77);
    expect([queue.next(), queue.size]).toEqual([2, 1]);
    queue.remove(2);
    expect(queue.next()).toBeNull();
  });

  it('lets nothing overtake that comes after as much work was done as one is large', () => {
    const arrivals = fc.array(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 3 }), { maxLength: 60 });
    fc.assert(
      fc.property(arrivals, (flow) => {
        const done = run(flow);
        expect(done).toHaveLength(flow.flat().length);
        for (const one of done) {
          const overtakers = done.filter(({ id, doneAt }) => id > one.id && doneAt < one.doneAt);
          for (const other of overtakers) {
            expect(other.cameAt + other.units).toBeLessThan(one.cameAt + one.units);
          }
        }
      }),
    );
  });
});
