import { describe, expect, it } from 'vitest';
import type { Steps } from './encode-slices.js';
import { WorkLoop } from './work-loop.js';

/** Turns are run by hand; `log` is what was done and told, in order. */
function setUp() {
  const turns: (() => void)[] = [];
  const log: string[] = [];
  const loop = new WorkLoop<string>({
    schedule: (callback) => turns.push(callback),
    onDone: (_id, result) => log.push(result),
    onFailed: (id, error) => log.push(`${id} failed: ${String(error)}`),
  });
  function* work(name: string, steps: number, unitsPerStep: number): Steps<string> {
    for (let step = 0; step < steps; step += 1) {
      log.push(`${name}.${step}`);
      yield unitsPerStep;
    }
    return `${name} done`;
  }
  const turn = (): void => turns.shift()?.();
  return { loop, log, turns, turn, work };
}

describe('WorkLoop', () => {
  it('lets what comes between two slices of a long text overtake it', () => {
    const { loop, log, turn, work } = setUp();
    loop.add(1, 1_000_000, work('long', 100, 10_000));
    turn();
    turn();
    loop.add(2, 10, work('short', 1, 10));
    turn();
    expect(log).toEqual(['long.0', 'long.1', 'short.0', 'short done', 'long.2']);
  });

  it('takes many small ones in one turn', () => {
    const { loop, log, turns, turn, work } = setUp();
    for (let id = 0; id < 50; id += 1) loop.add(id, 10, work(`w${id}`, 1, 10));
    expect(turns).toHaveLength(1);
    turn();
    expect(log.filter((line) => line.endsWith('done'))).toHaveLength(50);
    expect(turns).toHaveLength(0);
  });

  it('does nothing more for what is given up, and tells nothing of it', () => {
    const { loop, log, turns, turn, work } = setUp();
    loop.add(1, 1_000_000, work('long', 100, 10_000));
    turn();
    loop.giveUp(1);
    expect(loop.size).toBe(0);
    turn();
    expect([log, turns]).toEqual([['long.0'], []]);
  });

  it('fails what throws and goes on with the others', () => {
    const { loop, log, turn, work } = setUp();
    const broken = work('broken', 1, 1);
    broken.next = () => {
      throw new Error('no text');
    };
    loop.add(1, 1, broken);
    loop.add(2, 5, work('next', 1, 5));
    turn();
    expect(log).toEqual(['1 failed: Error: no text', 'next.0', 'next done']);
  });

  it('ends its turn also when steps come to nothing', () => {
    const { loop, turns, turn, work } = setUp();
    loop.add(1, 1_000_000, work('empty', 100_000, 0));
    turn();
    expect(turns).toHaveLength(1);
  });
});
